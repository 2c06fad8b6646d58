"""Runs models: small work at once, large work in a thread, all that waits as one batch.

Batching is by occupancy. A model that is idle runs what comes at once, so a lone caller never waits
for company; while it runs, others collect, and when it is free it takes all of them. No window has
to be tuned. What waits is bounded, in rows and in bytes, and refused at the door with the time that
it would have waited; what its caller no longer wants is left out before the batch is made.

A row's probabilities differ in their last bits with the size of the batch that it is computed in
(matrix products add in another order): by at most 1e-6.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np

from app.domain.errors import Overloaded
from app.services.serving import LoadedModel
from app.services.statistics import Statistics
from engine.arrays import Array

AT_ONCE_MACS = 300_000
"""Less work than this takes less time than a hop to a thread and back."""

MAX_BATCH_ROWS = 256
"""More rows in one batch gain nothing, and those that come later would wait for them."""

MAX_WAITING_ROWS = 8192
MAX_WAITING_BYTES = 64 * 2**20
"""What may wait, for all models of a process."""


@dataclass(frozen=True)
class Run:
    """What a model gave for some rows, and what it took.

    Attributes:
        output: (rows, ...), float32.
        queued: Seconds from the request to the start of the batch.
        computed: Seconds that the batch took.
        batch_rows: The rows of the whole batch, those of other callers too.
    """

    output: Array
    queued: float
    computed: float
    batch_rows: int


@dataclass(eq=False)
class _Caller:
    """One caller's rows."""

    x: Array
    since: float
    answer: "asyncio.Future[Run]"


@dataclass
class _Line:
    """Those who wait for one model, and how fast they are served."""

    callers: deque[_Caller] = field(default_factory=deque)
    running: "asyncio.Task[None] | None" = None
    seconds_per_row: float = 0.001

    def seconds_ahead(self) -> float:
        return self.seconds_per_row * sum(len(caller.x) for caller in self.callers)


class Inference:
    """Runs the models of one process; belongs to the event loop that calls it.

    Args:
        threads: Batches that are computed at a time.
        statistics: Told of every batch, and of what waits.
    """

    def __init__(self, threads: int, statistics: Statistics) -> None:
        self._statistics = statistics
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="inference")
        self._lines: WeakKeyDictionary[LoadedModel, _Line] = WeakKeyDictionary()
        self._rows = 0
        self._bytes = 0

    def close(self) -> None:
        self._pool.shutdown()

    def runs_at_once(self, model: LoadedModel, rows: int) -> bool:
        """Whether so little is to be done that nobody waits for it."""
        return model.macs * rows <= AT_ONCE_MACS

    async def run(self, model: LoadedModel, x: Array, patience: float) -> Run:
        """The output of a model for rows (rows, *input_shape), float32.

        Args:
            model: Which.
            x: Is not changed.
            patience: Seconds after which its caller no longer waits.

        Raises:
            Overloaded: Too much waits already, or the time was up.
        """
        if self.runs_at_once(model, len(x)):
            began = time.perf_counter()
            output = model.predict(x)
            seconds = time.perf_counter() - began
            self._statistics.meter(model.model.id).computed(len(x), seconds)
            return Run(output, 0.0, seconds, len(x))
        line = self._lines.get(model)
        if line is None:
            line = self._lines[model] = _Line()
        return await self._stand(line, model, x, patience)

    async def _stand(self, line: _Line, model: LoadedModel, x: Array, patience: float) -> Run:
        """Wait in a line, and leave it whatever happens."""
        full = self._rows + len(x) > MAX_WAITING_ROWS or self._bytes + x.nbytes > MAX_WAITING_BYTES
        if full and self._rows:
            msg = f"{self._rows:,} inputs wait already; try again later"
            raise Overloaded(msg, line.seconds_ahead())
        loop = asyncio.get_running_loop()
        caller = _Caller(x, time.perf_counter(), loop.create_future())
        line.callers.append(caller)
        self._count(caller, 1)
        if line.running is None:
            line.running = loop.create_task(self._serve(line, model))
        try:
            async with asyncio.timeout(patience):
                return await caller.answer
        except TimeoutError:
            msg = f"there was no answer within {patience:g} s"
            raise Overloaded(msg, line.seconds_ahead()) from None
        finally:
            if caller in line.callers:
                self._take_out(line, caller)

    def _take_out(self, line: _Line, caller: _Caller) -> None:
        line.callers.remove(caller)
        self._count(caller, -1)

    def _count(self, caller: _Caller, sign: int) -> None:
        self._rows += sign * len(caller.x)
        self._bytes += sign * caller.x.nbytes
        self._statistics.waiting.inc(sign * len(caller.x))

    async def _serve(self, line: _Line, model: LoadedModel) -> None:
        """Serve a line until it is empty."""
        loop = asyncio.get_running_loop()
        while line.callers:
            callers = self._next(line)
            rows = [len(caller.x) for caller in callers]
            began = time.perf_counter()
            try:
                output = await loop.run_in_executor(self._pool, _compute, model, callers)
            except Exception as error:  # noqa: BLE001 - it is for those who asked
                for caller in callers:
                    if not caller.answer.done():
                        caller.answer.set_exception(error)
                continue
            seconds = time.perf_counter() - began
            self._statistics.meter(model.model.id).computed(sum(rows), seconds)
            line.seconds_per_row += 0.2 * (seconds / sum(rows) - line.seconds_per_row)
            parts = np.split(output, np.cumsum(rows)[:-1])
            for caller, part in zip(callers, parts, strict=True):
                if not caller.answer.done():  # else its time was up, or it went away
                    queued = began - caller.since
                    caller.answer.set_result(Run(part, queued, seconds, sum(rows)))
        line.running = None

    def _next(self, line: _Line) -> list[_Caller]:
        """The callers of the next batch: in their order, as many as fit, and at least one."""
        callers: list[_Caller] = []
        rows = 0
        while line.callers and (not rows or rows + len(line.callers[0].x) <= MAX_BATCH_ROWS):
            callers.append(line.callers[0])
            rows += len(callers[-1].x)
            self._take_out(line, callers[-1])
        return callers


def _compute(model: LoadedModel, callers: Sequence[_Caller]) -> Array:
    return model.predict(np.concatenate([caller.x for caller in callers]))
