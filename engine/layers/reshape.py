"""The layers that only see a sample's numbers in another shape."""

import math
from typing import ClassVar, final

from engine.arrays import Array, Pullback, Shape
from engine.layers.base import Layer
from engine.scratch import Scratch


@final
class FlattenLayer(Layer):
    """(channels, height, width) -> (channels · height · width,), in that order."""

    name = "Flatten"
    is_view: ClassVar[bool] = True

    def output_shape(self, input_shape: Shape) -> Shape:
        """Any shape, to the product of its sizes."""
        return (math.prod(input_shape),)

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> (features, batch)."""
        return x.reshape(-1, x.shape[-1])

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            return (dy.reshape(x.shape) if input_too else None), []

        return self.forward_batch_last(x, scratch), pullback
