"""Runs models: small work in the event loop, large work in a thread, all that waits as one batch.

Batching is by occupancy. A model that is idle runs what comes at once, so a lone caller never waits
for company; while it runs, others collect, and when it is free it takes all of them. No window has
to be tuned. Small work is computed when the loop has read what all its sockets hold: those who ask
in the same turn share a batch, and most of its cost. What waits is bounded, in rows and in bytes,
and refused at the door with the time that it would have waited; what its caller no longer wants is
left out before the batch is made.

A row's probabilities differ in their last bits with the size of the batch that it is computed in
(matrix products add in another order): by at most 1e-6.
"""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from app.domain.errors import Overloaded
from app.services.batches import Batch, Caller, Run
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


@dataclass
class _Line:
    """Those who wait for one model, and how fast they are served."""

    callers: deque[Caller] = field(default_factory=deque)
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
        self._turn: dict[LoadedModel, list[Caller]] = {}
        self._lines: WeakKeyDictionary[LoadedModel, _Line] = WeakKeyDictionary()
        self._rows = 0
        self._bytes = 0

    def close(self) -> None:
        self._pool.shutdown()

    def runs_at_once(self, model: LoadedModel, rows: int) -> bool:
        """Whether so little is to be done that nobody waits for it."""
        return model.macs * rows <= AT_ONCE_MACS

    async def run(
        self, model: LoadedModel, x: Array, patience: float, *, judged: bool = False
    ) -> Run:
        """The output of a model for rows (rows, *input_shape), float32.

        Args:
            model: Which.
            x: Is not changed.
            patience: Seconds after which its caller no longer waits.
            judged: Whether the caller wants to know how familiar the rows are.

        Raises:
            Overloaded: Too much waits already, or the time was up.
        """
        loop = asyncio.get_running_loop()
        caller = Caller(x, judged, loop.create_future())
        if self.runs_at_once(model, len(x)):
            self._share_turn(model, caller, loop)
            return await caller.answer
        line = self._lines.get(model)
        if line is None:
            line = self._lines[model] = _Line()
        return await self._stand(line, model, caller, patience)

    def _share_turn(
        self, model: LoadedModel, caller: Caller, loop: asyncio.AbstractEventLoop
    ) -> None:
        callers = self._turn.get(model)
        if callers is None:
            callers = self._turn[model] = []
            loop.call_soon(self._end_turn, model)
        callers.append(caller)

    def _end_turn(self, model: LoadedModel) -> None:
        """Compute what came for a model in this turn of the loop."""
        callers = [caller for caller in self._turn.pop(model) if not caller.answer.done()]
        if not callers:
            return
        batch = Batch(model, callers)
        try:
            batch.compute()
        except Exception as error:  # noqa: BLE001 - it is for those who asked
            batch.fail(error)
            return
        self._statistics.meter(model.model.id).computed(batch.rows, batch.seconds)
        batch.answer()

    async def _stand(self, line: _Line, model: LoadedModel, caller: Caller, patience: float) -> Run:
        """Wait in a line, and leave it whatever happens."""
        rows, bytes_ = self._rows + len(caller.x), self._bytes + caller.x.nbytes
        if self._rows and (rows > MAX_WAITING_ROWS or bytes_ > MAX_WAITING_BYTES):
            msg = f"{self._rows:,} inputs wait already; try again later"
            raise Overloaded(msg, line.seconds_ahead())
        line.callers.append(caller)
        self._count(caller, 1)
        if line.running is None:
            line.running = asyncio.create_task(self._serve(line, model))
        try:
            async with asyncio.timeout(patience):
                return await caller.answer
        except TimeoutError:
            msg = f"there was no answer within {patience:g} s"
            raise Overloaded(msg, line.seconds_ahead()) from None
        finally:
            if caller in line.callers:
                self._take_out(line, caller)

    def _take_out(self, line: _Line, caller: Caller) -> None:
        line.callers.remove(caller)
        self._count(caller, -1)

    def _count(self, caller: Caller, sign: int) -> None:
        self._rows += sign * len(caller.x)
        self._bytes += sign * caller.x.nbytes
        self._statistics.waiting.inc(sign * len(caller.x))

    async def _serve(self, line: _Line, model: LoadedModel) -> None:
        """Serve a line until it is empty."""
        loop = asyncio.get_running_loop()
        while line.callers:
            batch = Batch(model, self._next(line))
            try:
                await loop.run_in_executor(self._pool, batch.compute)
            except Exception as error:  # noqa: BLE001 - it is for those who asked
                batch.fail(error)
                continue
            self._statistics.meter(model.model.id).computed(batch.rows, batch.seconds)
            line.seconds_per_row += 0.2 * (batch.seconds / batch.rows - line.seconds_per_row)
            batch.answer()
        line.running = None

    def _next(self, line: _Line) -> list[Caller]:
        """The callers of the next batch: in their order, as many as fit, and at least one."""
        callers: list[Caller] = []
        rows = 0
        while line.callers and (not rows or rows + len(line.callers[0].x) <= MAX_BATCH_ROWS):
            callers.append(line.callers[0])
            rows += len(callers[-1].x)
            self._take_out(line, callers[-1])
        return callers
