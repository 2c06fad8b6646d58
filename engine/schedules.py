"""How the learning rate changes over a run; sorted by increasing complexity.

A schedule is a factor on the optimizer's base rate, a function of how many epochs are done (with
their fraction) out of how many.
"""

import math
from abc import ABC, abstractmethod
from typing import final


class Schedule(ABC):
    """A factor on the learning rate.

    Args:
        warmup_epochs: For so long the factor also grows linearly from near 0 to its full size.
    """

    def __init__(self, *, warmup_epochs: float = 0.0) -> None:
        if not 0 <= warmup_epochs < math.inf:
            raise ValueError(f"warmup_epochs is 0 or more and finite, got {warmup_epochs}")
        self.warmup_epochs = warmup_epochs

    def factor(self, done: float, epochs: int, step: float) -> float:
        """The factor of a step.

        Args:
            done: Epochs that are done before the step, with their fraction.
            epochs: Epochs of the whole run.
            step: The share of an epoch that one step is; the first step of a warm-up has this share
                of it, not 0.
        """
        shape = self._shape(done, epochs)
        if done < self.warmup_epochs:
            return shape * min(1.0, (done + step) / self.warmup_epochs)
        return shape

    @abstractmethod
    def _shape(self, done: float, epochs: int) -> float:
        """The factor without the warm-up."""


@final
class Constant(Schedule):
    """The base rate throughout."""

    def _shape(self, done: float, epochs: int) -> float:
        return 1.0


@final
class Cosine(Schedule):
    """From the base rate to 0 along half a cosine (Loshchilov and Hutter 2017)."""

    def _shape(self, done: float, epochs: int) -> float:
        falling = max(0.0, done - self.warmup_epochs)
        length = max(epochs - self.warmup_epochs, 1e-9)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, falling / length)))
