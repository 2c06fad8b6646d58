"""Dropout, the layer that is random while training and absent in inference."""

from typing import ClassVar, final

import numpy as np
from numpy.random import Generator

from engine.arrays import Array, Pullback, Shape
from engine.layers.base import Layer
from engine.scratch import Scratch


@final
class Dropout(Layer):
    """While training, y = x / (1 − rate) with chance 1 − rate, else 0 (Srivastava et al. 2014).

    Scaled so that the mean of y is x; in inference y = x.

    Args:
        rate: The share that is dropped, 0 to below 1.
    """

    name = "Dropout"
    is_view: ClassVar[bool] = True

    def __init__(self, rate: float = 0.5) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"rate is from 0 to below 1, got {rate}")
        self.rate = rate

    def output_shape(self, input_shape: Shape) -> Shape:
        """Any shape, kept."""
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch), as it is."""
        return x

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            return (dy if input_too else None), []

        return x, pullback

    def training_vjp_batch_last(
        self, x: Array, scratch: Scratch, rng: Generator
    ) -> tuple[Array, Pullback]:
        """See `Layer.training_vjp_batch_last`; the same numbers are dropped from x and dL/dy."""
        kept = scratch.empty("kept", x.shape, np.float32)
        rng.random(out=kept, dtype=np.float32)
        np.greater_equal(kept, self.rate, out=kept)
        kept *= 1 / (1 - self.rate)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            return np.multiply(dy, kept, out=scratch.over_gradient(dy)), []

        return np.multiply(x, kept, out=scratch.over_input(x)), pullback
