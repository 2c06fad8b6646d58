"""What a child reports, taken from its pipe as it comes.

Storing may have to wait until a database is there again. The child is not to wait with it: a thread
reads its pipe, and what is out of date by the time it could be stored makes room for the newer.
"""

import threading
import time
from collections import deque
from multiprocessing.connection import Connection as PipeEnd

from app.children import messages

Report = tuple[messages.Message, bytes]

_NEWEST_COUNTS = frozenset(("progress", "probe", "checkpoint"))
"""Reports of which an older one is worth nothing when there is a newer."""


class Mailbox:
    """The reports of one child, in their order."""

    def __init__(self, pipe: PipeEnd) -> None:
        self._pipe = pipe
        self._waiting: deque[Report] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.heard = time.monotonic()
        self._thread = threading.Thread(target=self._receive, name="mailbox", daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> Report | None:
        """The next report; None where there is none for so long.

        Raises:
            EOFError: The child has ended, and everything that it said was taken.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, seconds)
            if self._waiting:
                return self._waiting.popleft()
            if self._ended:
                raise EOFError
            return None

    def join(self) -> None:
        """Wait until the pipe is read to its end, which is when the child has ended."""
        self._thread.join()

    def _receive(self) -> None:
        try:
            while True:
                report = messages.receive(self._pipe)
                with self._changed:
                    self.heard = time.monotonic()
                    self._put(report)
                    self._changed.notify()
        except (EOFError, OSError):
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _put(self, report: Report) -> None:
        kind = report[0]["type"]
        if kind in _NEWEST_COUNTS:
            older = next((one for one in self._waiting if one[0]["type"] == kind), None)
            if older is not None:
                self._waiting.remove(older)
        self._waiting.append(report)
