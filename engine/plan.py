"""How to train, as one value: what is decided before a run, and never changes in it."""

from dataclasses import dataclass, field

from engine.augmentation import Augmentation
from engine.optimizers import Optimizer
from engine.schedules import Constant, Schedule


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        optimizer: What moves the parameters.
        schedule: How its rate changes.
        augmentation: What is done to the training images; None: nothing.
        epochs: Passes over the training samples.
        batch_size: Samples a step; the last of an epoch may be smaller.
        validation_split: The share of samples that is held out to validate on, 0 to below 1.
        patience: Stop after so many epochs without a better validation, and go back to the best
            weights; None: never.
        ema: Judge, and end with, an exponential moving average of the weights, which keeps this
            share of itself at every step (fewer in the first steps); None: the weights themselves.
        seed: Decides the split, the order and every random draw.
        threads: How many cores to use; no influence on the result.
    """

    optimizer: Optimizer
    schedule: Schedule = field(default_factory=Constant)
    augmentation: Augmentation | None = None
    epochs: int = 5
    batch_size: int = 128
    validation_split: float = 0.1
    patience: int | None = None
    ema: float | None = None
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed is 0 or more, got {self.seed}")
        if not 0 <= self.validation_split < 1:
            raise ValueError(f"validation_split is 0 to below 1, got {self.validation_split}")
        if self.ema is not None and not 0 <= self.ema < 1:
            raise ValueError(f"ema is from 0 to below 1, or None, got {self.ema}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience is at least 1 or None, got {self.patience}")
        if self.patience is not None and self.validation_split == 0:
            raise ValueError("patience needs a validation_split above 0")
