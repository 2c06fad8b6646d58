"""How many event streams a process serves at a time, in all and for one client."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

RETRY_SECONDS = "5"


class StreamLimits:
    """Counts the streams that are open."""

    def __init__(self, most: int, most_for_one: int) -> None:
        self._most = most
        self._most_for_one = most_for_one
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, client: str) -> Iterator[None]:
        """Hold a place for a stream; 429 where there is none."""
        if self._open.total() >= self._most:
            raise self._refusal(f"{self._most} streams are open")
        if self._open[client] >= self._most_for_one:
            raise self._refusal(f"this client has {self._most_for_one} streams open")
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            self._open += Counter()  # drops the clients that have none

    def _refusal(self, detail: str) -> HTTPException:
        return HTTPException(429, f"{detail}, more are not served", {"Retry-After": RETRY_SECONDS})
