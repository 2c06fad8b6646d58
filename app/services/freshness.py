"""What a process knows of the database without asking it: read again several times a second.

So what another process has changed counts here within a second, and no request waits for it.
"""

import threading
from collections.abc import Callable

REFRESH_SECONDS = 0.5


class Refresher:
    """Keeps some of a process's knowledge fresh.

    Args:
        refreshes: Each reads a part of it again.
        on_failure: Told of what went wrong in the background; what was known last stays in use.
    """

    def __init__(
        self, *refreshes: Callable[[], None], on_failure: Callable[[Exception], None]
    ) -> None:
        self._refreshes = refreshes
        self._on_failure = on_failure
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_fresh, name="refresher", daemon=True)

    def start(self) -> None:
        """Read all of it once, and then again and again."""
        for refresh in self._refreshes:
            refresh()
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _keep_fresh(self) -> None:
        while not self._closed.wait(REFRESH_SECONDS):
            for refresh in self._refreshes:
                try:
                    refresh()
                except Exception as error:  # noqa: BLE001 - predicting goes on, whatever is wrong
                    self._on_failure(error)
