"""One step of descent: sum the shards' gradients and move the parameters, block by block.

Blocks are shared between threads, and every sum has an order of its own, so that its bits do not
depend on who made it.
"""

import numpy as np

from engine.arrays import Array
from engine.optimizers import BLOCK, Optimizer
from engine.parallel import Team


class Descent:
    """What moves flat parameters, and remembers what it must between two steps.

    Args:
        parameters: The flat parameters, moved in place.
        gradients: Where each shard leaves its gradient: (shards, parameters.size).
        optimizer: How they move.
        ema: What share of itself a moving average of the parameters keeps; None: there is none.
    """

    def __init__(
        self, parameters: Array, gradients: Array, optimizer: Optimizer, ema: float | None
    ) -> None:
        self._parameters = parameters
        self._gradients = gradients
        self._optimizer = optimizer
        self._ema = ema
        self._slots = [np.zeros_like(parameters) for _ in optimizer.slot_names]
        self.average = None if ema is None else parameters.copy()
        self._work: list[Array] = []
        self._blocks = [slice(o, o + BLOCK) for o in range(0, parameters.size, BLOCK)]

    def arrays(self) -> dict[str, Array]:
        """Every array that changes from step to step, but the gradients, by its name."""
        arrays = {"parameters": self._parameters}
        arrays.update(zip(self._optimizer.slot_names, self._slots, strict=True))
        if self.average is not None:
            arrays["ema"] = self.average
        return arrays

    def step(self, shards: int, rate: float, t: int, team: Team) -> float:
        """Move the parameters; the norm of the gradient, before it was clipped.

        Args:
            shards: How many rows of the gradients count in this step.
            rate: The learning rate.
            t: The number of this step, from 1.
            team: The threads.
        """
        while len(self._work) < team.threads:
            self._work.append(np.empty(BLOCK, self._parameters.dtype))
        squares = np.zeros(len(self._blocks))
        clip = self._optimizer.clip_norm
        threads = min(team.threads, len(self._blocks))

        def add_and_move(thread: int) -> None:
            for i in range(thread, len(self._blocks), threads):
                squares[i] = self._add(self._blocks[i], shards)
                if clip is None:
                    self._move(self._blocks[i], self._work[thread], rate, t)

        team.run(add_and_move, threads)
        norm = float(np.sqrt(squares.sum()))
        if clip is None:
            return norm
        shrink = clip / norm if norm > clip else 1.0

        def move_clipped(thread: int) -> None:
            for i in range(thread, len(self._blocks), threads):
                self._gradients[0, self._blocks[i]] *= shrink
                self._move(self._blocks[i], self._work[thread], rate, t)

        team.run(move_clipped, threads)
        return norm

    def _add(self, block: slice, shards: int) -> float:
        """The sum of the shards' gradients, left in the first; the sum of its squares."""
        total = self._gradients[0, block]
        for other in self._gradients[1:shards, block]:
            total += other
        return float(np.dot(total, total))

    def _move(self, block: slice, work: Array, rate: float, t: int) -> None:
        p = self._parameters[block]
        work = work[: len(p)]
        slots = [slot[block] for slot in self._slots]
        self._optimizer.step(p, self._gradients[0, block], slots, work, rate, t)
        if self._ema is not None and self.average is not None:
            # A short memory at first, so that the average does not stay near the random beginning.
            keep = min(self._ema, (1 + t) / (10 + t))
            np.subtract(p, self.average[block], out=work)
            work *= 1 - keep
            self.average[block] += work
