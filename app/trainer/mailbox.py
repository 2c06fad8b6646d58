"""What a child reports, taken from its pipe as it comes.

Storing may have to wait until a database is there again. The child is not to wait with it: a thread
reads its pipe, and what is out of date by the time it could be stored makes room for the newer.
Nor is the database to be kept by a child whose epochs take milliseconds: its reports are handed out
together, with a pause in which others write.
"""

import threading
import time
from collections import deque
from multiprocessing.connection import Connection as PipeEnd

from app.children import messages

Report = tuple[messages.Message, bytes]

_NEWEST_COUNTS = frozenset(("progress", "probe", "checkpoint"))
"""Reports of which an older one is worth nothing when there is a newer."""

LAST = frozenset(("succeeded", "failed", "stopped", "dataset_gone"))
"""Reports after which there is none."""

GATHER_SECONDS = 0.1
"""SQLite has one lock for all who write, and who waits for it looks again every 0.1 s at most. So
long it is left alone after each change, and what comes meanwhile shares the next."""


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

    def take(self, seconds: float) -> list[Report]:
        """All reports that are there, after a pause for more; none where none comes for so long.

        Raises:
            EOFError: The child has ended, and everything that it said was taken.
        """
        rested = time.monotonic() + GATHER_SECONDS
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended, seconds)
            if self._waiting:
                self._changed.wait_for(self._is_complete, rested - time.monotonic())
            elif self._ended:
                raise EOFError
            taken = list(self._waiting)
            self._waiting.clear()
            return taken

    def _is_complete(self) -> bool:
        return self._ended or self._waiting[-1][0]["type"] in LAST

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
