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
        shape = self._shape(done, epochs, step)
        if done < self.warmup_epochs:
            return shape * min(1.0, (done + step) / self.warmup_epochs)
        return shape

    def _after_warmup(self, done: float) -> float:
        return max(0.0, done - self.warmup_epochs)

    @abstractmethod
    def _shape(self, done: float, epochs: int, step: float) -> float:
        """The factor without the warm-up."""


@final
class Constant(Schedule):
    """The base rate throughout."""

    def _shape(self, done: float, epochs: int, step: float) -> float:
        return 1.0


@final
class Step(Schedule):
    """Times `factor` after every `every` epochs.

    Args:
        every: Epochs between two falls, above 0.
        factor: Above 0, to 1.
        warmup_epochs: See `Schedule`; the epochs count from its end.
    """

    def __init__(
        self, every: float = 10.0, factor: float = 0.1, *, warmup_epochs: float = 0.0
    ) -> None:
        super().__init__(warmup_epochs=warmup_epochs)
        if not 0 < every < math.inf:
            raise ValueError(f"every is above 0 and finite, got {every}")
        self.every = every
        self.decay = _decay(factor)

    def _shape(self, done: float, epochs: int, step: float) -> float:
        # Half a step of tolerance: the end of a warm-up of 0.1 epochs is not a whole step.
        falls = math.floor((self._after_warmup(done) + step / 2) / self.every)
        return float(self.decay**falls)


@final
class Exponential(Schedule):
    """Times `factor` with every epoch, a little at every step.

    Args:
        factor: Above 0, to 1.
        warmup_epochs: See `Schedule`; the epochs count from its end.
    """

    def __init__(self, factor: float = 0.9, *, warmup_epochs: float = 0.0) -> None:
        super().__init__(warmup_epochs=warmup_epochs)
        self.decay = _decay(factor)

    def _shape(self, done: float, epochs: int, step: float) -> float:
        return float(self.decay ** self._after_warmup(done))


def _decay(factor: float) -> float:
    if not 0 < factor <= 1:
        raise ValueError(f"factor is above 0, to 1, got {factor}")
    return factor


@final
class Cosine(Schedule):
    """From the base rate to 0 along half a cosine (Loshchilov and Hutter 2017)."""

    def _shape(self, done: float, epochs: int, step: float) -> float:
        length = max(epochs - self.warmup_epochs, 1e-9)
        return _between(1, 0, self._after_warmup(done) / length)


@final
class OneCycle(Schedule):
    """Up to the base rate and down to nearly nothing (Smith and Topin 2018).

    From 1/25 of the base rate to all of it, and on to 1/250,000, each along half a cosine; the
    first step has the first of these rates and the last step the last.

    Args:
        rise: The share of the run that goes upwards, above 0 and below 1.
        warmup_epochs: See `Schedule`; rarely wanted here.
    """

    def __init__(self, rise: float = 0.3, *, warmup_epochs: float = 0.0) -> None:
        super().__init__(warmup_epochs=warmup_epochs)
        if not 0 < rise < 1:
            raise ValueError(f"rise is above 0 and below 1, got {rise}")
        self.rise = rise

    def _shape(self, done: float, epochs: int, step: float) -> float:
        top = max(self.rise * epochs - step, 1e-9)
        if done <= top:
            return _between(1 / 25, 1, done / top)
        return _between(1, 1 / 250_000, (done - top) / max(epochs - step - top, 1e-9))


def _between(start: float, end: float, share: float) -> float:
    """Half a cosine from `start` to `end`."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
