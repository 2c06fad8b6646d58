"""The layers that act on every number alone, and softmax; sorted by increasing complexity.

Their slopes here are functions of the output, so that the output may be written over the input.
gates.py has the two whose slopes are not.
"""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, final

import numpy as np

from engine.arrays import Array, Pullback, Shape
from engine.errors import mismatch
from engine.layers.base import Layer
from engine.scratch import Scratch


class _FromOutput(Layer, ABC):
    """y = f(x), whose pullback a subclass computes from y; mostly dL/dx = dL/dy · f′."""

    reads_output: ClassVar[bool] = True

    def output_shape(self, input_shape: Shape) -> Shape:
        """Any shape, kept."""
        return input_shape

    @abstractmethod
    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""

    @abstractmethod
    def _pull_back(self, dy: Array, y: Array, scratch: Scratch, out: Array) -> None:
        """dL/dx, written to `out`, which may be dL/dy itself."""

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            dx = scratch.over_gradient(dy)
            self._pull_back(dy, y, scratch, dx)
            return dx, []

        return y, pullback


@final
class ReLU(_FromOutput):
    """y = max(x, 0).

    dL/dx = dL/dy where y > 0, else 0 (at x = 0 too, as PyTorch and Keras have it).
    """

    name = "ReLU"

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        # Against an array of zeros: NumPy has no vector instructions for a maximum with a scalar.
        zeros = scratch.zeros("zeros", x.shape[1:], x.dtype)
        return np.maximum(x, zeros, out=scratch.over_input(x))

    def _pull_back(self, dy: Array, y: Array, scratch: Scratch, out: Array) -> None:
        np.multiply(dy, np.greater(y, 0, out=scratch.empty("mask", y.shape, bool)), out=out)


@final
class LeakyReLU(_FromOutput):
    """y = x where x > 0, else slope · x (Maas et al. 2013).

    Args:
        negative_slope: Above 0 and below 1.
    """

    name = "LeakyReLU"

    def __init__(self, negative_slope: float = 0.01) -> None:
        if not 0 < negative_slope < 1:
            raise ValueError(f"negative_slope is above 0 and below 1, got {negative_slope}")
        self.negative_slope = negative_slope

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        leak = scratch.empty("work", x.shape, x.dtype)
        np.multiply(x, self.negative_slope, out=leak)
        y: Array = np.maximum(x, leak, out=scratch.over_input(x))
        return y

    def _pull_back(self, dy: Array, y: Array, scratch: Scratch, out: Array) -> None:
        slope = scratch.empty("work", y.shape, y.dtype)
        np.copyto(slope, np.greater(y, 0))
        np.maximum(slope, self.negative_slope, out=slope)
        np.multiply(dy, slope, out=out)


@final
class ELU(_FromOutput):
    """y = x where x > 0, else α (exp x − 1); the slope is 1, else y + α (Clevert et al. 2016).

    Args:
        alpha: What y comes near to, below 0, as x falls.
    """

    name = "ELU"

    def __init__(self, alpha: float = 1.0) -> None:
        if not 0 < alpha < math.inf:
            raise ValueError(f"alpha is above 0 and finite, got {alpha}")
        self.alpha = alpha

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        below = scratch.empty("work", x.shape, x.dtype)
        np.expm1(np.minimum(x, 0, out=below), out=below)
        below *= self.alpha
        y = np.maximum(x, 0, out=scratch.over_input(x))
        y += below
        return y

    def _pull_back(self, dy: Array, y: Array, scratch: Scratch, out: Array) -> None:
        slope = scratch.empty("work", y.shape, y.dtype)
        np.add(np.minimum(y, 0, out=slope), self.alpha, out=slope)
        np.copyto(slope, 1, where=np.greater(y, 0))
        np.multiply(dy, slope, out=out)


def sigmoid(x: Array, out: Array) -> Array:
    """1 / (1 + exp −x) as exp(min(x, 0)) / (1 + exp −|x|): no exponential of a large number."""
    tail = np.abs(x)
    np.exp(np.negative(tail, out=tail), out=tail)
    tail += 1
    np.exp(np.minimum(x, 0, out=out), out=out)
    out /= tail
    return out


@final
class Sigmoid(_FromOutput):
    """y = 1 / (1 + exp −x); the slope is y (1 − y)."""

    name = "Sigmoid"

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        return sigmoid(x, scratch.over_input(x))

    def _pull_back(self, dy: Array, y: Array, scratch: Scratch, out: Array) -> None:
        slope = scratch.empty("work", y.shape, y.dtype)
        np.multiply(np.subtract(1, y, out=slope), y, out=slope)
        np.multiply(dy, slope, out=out)


@final
class Tanh(_FromOutput):
    """y = tanh x; the slope is 1 − y²."""

    name = "Tanh"

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        return np.tanh(x, out=scratch.over_input(x))

    def _pull_back(self, dy: Array, y: Array, scratch: Scratch, out: Array) -> None:
        slope = scratch.empty("work", y.shape, y.dtype)
        np.subtract(1, np.square(y, out=slope), out=slope)
        np.multiply(dy, slope, out=out)


def softmax(logits: Array, out: Array | None = None) -> Array:
    """exp(z) / Σ exp(z) over the first axis of (classes, batch), finite for every finite z."""
    out = np.subtract(logits, logits.max(axis=0), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=0)
    return out


@final
class Softmax(_FromOutput):
    """y = exp(x) / Σ exp(x) over the classes of a sample.

    dL/dx = y · (dL/dy − Σ y · dL/dy)

    Where a cross-entropy follows, training uses `losses.SoftmaxCrossEntropy` on the logits instead.
    """

    name = "Softmax"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(classes,), kept."""
        if len(input_shape) != 1:
            raise mismatch("softmax", "flat samples (classes,)", input_shape)
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(classes, batch) -> the same shape."""
        return softmax(x, out=scratch.over_input(x))

    def _pull_back(self, dy: Array, y: Array, scratch: Scratch, out: Array) -> None:
        np.subtract(dy, np.sum(y * dy, axis=0), out=out)
        out *= y
