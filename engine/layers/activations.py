"""The layers that act on every number alone, and softmax; sorted by increasing complexity."""

from typing import ClassVar, final

import numpy as np

from engine.arrays import Array, Pullback, Shape
from engine.errors import mismatch
from engine.layers.base import Layer
from engine.scratch import Scratch


@final
class ReLU(Layer):
    """y = max(x, 0).

    dL/dx = dL/dy where y > 0, else 0 (at x = 0 too, as PyTorch and Keras have it).
    """

    name = "ReLU"
    reads_output: ClassVar[bool] = True

    def output_shape(self, input_shape: Shape) -> Shape:
        """Any shape, kept."""
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        # Against an array of zeros: NumPy has no vector instructions for a maximum with a scalar.
        zeros = scratch.zeros("zeros", x.shape[1:], x.dtype)
        return np.maximum(x, zeros, out=scratch.over_input(x))

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`; the mask comes from y, so x may be overwritten."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            mask = np.greater(y, 0, out=scratch.empty("mask", y.shape, bool))
            return np.multiply(dy, mask, out=scratch.over_gradient(dy)), []

        return y, pullback


def softmax(logits: Array, out: Array | None = None) -> Array:
    """exp(z) / Σ exp(z) over the first axis of (classes, batch), finite for every finite z."""
    out = np.subtract(logits, logits.max(axis=0), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=0)
    return out


@final
class Softmax(Layer):
    """y = exp(x) / Σ exp(x) over the classes of a sample.

    dL/dx = y · (dL/dy − Σ y · dL/dy)

    Where a cross-entropy follows, training uses `losses.SoftmaxCrossEntropy` on the logits instead.
    """

    name = "Softmax"
    reads_output: ClassVar[bool] = True

    def output_shape(self, input_shape: Shape) -> Shape:
        """(classes,), kept."""
        if len(input_shape) != 1:
            raise mismatch("softmax", "flat samples (classes,)", input_shape)
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(classes, batch) -> the same shape."""
        return softmax(x, out=scratch.over_input(x))

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            mean = np.sum(y * dy, axis=0)
            dx = np.subtract(dy, mean, out=scratch.over_gradient(dy))
            dx *= y
            return dx, []

        return y, pullback
