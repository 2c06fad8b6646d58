"""What can go wrong in the engine, in words that say what was got and what is allowed.

ValueError
├── ShapeError   two shapes that do not fit
└── Diverged     a loss that left the finite numbers
"""

from engine.arrays import Shape


class ShapeError(ValueError):
    """An array or a layer whose shape does not fit the one before it."""


class Diverged(ValueError):
    """The loss of a step is NaN or infinite; training cannot go on from here.

    Attributes:
        epoch: The epoch, from 1.
        step: The step within the epoch, from 1.
        layer: The first layer whose output left the finite numbers, as "index:name".
        learning_rate: The rate of the step before, which made these weights.
        gradient_norm: The norm of that step's gradient.
    """

    def __init__(
        self, epoch: int, step: int, layer: str, learning_rate: float, gradient_norm: float
    ) -> None:
        super().__init__(
            f"the loss left the finite numbers in epoch {epoch}, step {step}: the output of layer "
            f"{layer} is not finite (learning rate {learning_rate:g}, "
            f"norm of the last gradient {gradient_norm:g})"
        )
        self.epoch = epoch
        self.step = step
        self.layer = layer
        self.learning_rate = learning_rate
        self.gradient_norm = gradient_norm


def at_least(least: int, **sizes: int) -> None:
    """Refuse a size that is too small, with its name."""
    for name, size in sizes.items():
        if size < least:
            raise ValueError(f"{name} is at least {least}, got {size}")


def mismatch(layer: str, expected: str, got: Shape) -> ShapeError:
    """The error of a layer that cannot take an input of shape `got` (without the batch)."""
    return ShapeError(f"{layer} takes {expected}, got an input of shape {got}")
