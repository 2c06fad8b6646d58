"""Places for what takes a processor for long: few work, some wait, more are sent away at once.

The thread pool alone would take forty such requests at a time, and all that is asked in between
would stand behind them, for seconds and in gigabytes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from fastapi.concurrency import run_in_threadpool

from app.domain.errors import Overloaded

P = ParamSpec("P")
Result = TypeVar("Result")


class Places:
    """So many at a time; belongs to the event loop that asks for them.

    Args:
        at_a_time: How many work.
        most_waiting: How many may wait besides.
        patience: Seconds after which one no longer waits.
    """

    def __init__(self, at_a_time: int, most_waiting: int, patience: float) -> None:
        self._at_a_time = at_a_time
        self._most_waiting = most_waiting
        self._patience = patience
        self._free = asyncio.Semaphore(at_a_time)
        self._waiting = 0
        self._seconds = 1.0
        """What one of them took, of late."""

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place, in the order in which they are asked for.

        Raises:
            Overloaded: Too many wait already, or the time was up.
        """
        await self._wait()
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds += 0.2 * (time.perf_counter() - began - self._seconds)
            self._free.release()

    async def run(self, function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """What a function gives, called in a thread as soon as there is a place.

        Raises:
            Overloaded: Too many wait already, or the time was up.
        """
        async with self.one():
            return await run_in_threadpool(function, *args, **kwargs)

    async def _wait(self) -> None:
        if self._free.locked() and self._waiting >= self._most_waiting:
            raise Overloaded(f"{self._waiting} such requests wait already", self._seconds_ahead())
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            msg = f"there was no room for this within {self._patience:g} s"
            raise Overloaded(msg, self._seconds_ahead()) from None
        finally:
            self._waiting -= 1

    def _seconds_ahead(self) -> float:
        return self._seconds * (self._waiting + 1) / self._at_a_time
