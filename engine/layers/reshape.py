"""The layers that compute nothing: a sample's numbers in another shape, or each many times."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, final

import numpy as np

from engine.arrays import Array, Pullback, Shape
from engine.errors import at_least, mismatch
from engine.layers.base import Layer
from engine.scratch import Scratch


class _View(Layer, ABC):
    """The input's own memory in another shape."""

    is_view: ClassVar[bool] = True

    @abstractmethod
    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the same numbers."""

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> (*output shape, batch)."""
        return x.reshape(*self.output_shape(x.shape[:-1]), x.shape[-1])

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        shape = x.shape

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            return (dy.reshape(shape) if input_too else None), []

        return self.forward_batch_last(x, scratch), pullback


@final
class FlattenLayer(_View):
    """(channels, height, width) -> (channels · height · width,), in that order."""

    name = "Flatten"

    def output_shape(self, input_shape: Shape) -> Shape:
        """Any shape, to the product of its sizes."""
        return (math.prod(input_shape),)


@final
class Reshape(_View):
    """The same numbers, in the same order, in another shape.

    Args:
        shape: The shape of a sample.
    """

    name = "Reshape"

    def __init__(self, shape: Shape) -> None:
        for size in shape:
            at_least(1, size=size)
        self.shape = tuple(shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        """Any shape of as many numbers, to the layer's own."""
        numbers = math.prod(self.shape)
        if math.prod(input_shape) != numbers:
            raise mismatch(f"reshape to {self.shape}", f"{numbers} numbers a sample", input_shape)
        return self.shape


@final
class Upsample2D(Layer):
    """Every pixel as a square of factor × factor; dL/dx = the sum of dL/dy over the square.

    Args:
        factor: The side of the square.
    """

    name = "Upsample2D"

    def __init__(self, factor: int = 2) -> None:
        at_least(1, factor=factor)
        self.factor = factor

    def output_shape(self, input_shape: Shape) -> Shape:
        """(channels, height, width) -> (channels, height · factor, width · factor)."""
        if len(input_shape) != 3:
            raise mismatch("upsample2d", "(channels, height, width)", input_shape)
        channels, height, width = input_shape
        return (channels, height * self.factor, width * self.factor)

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(channels, height, width, batch) -> (channels, rows, columns, batch)."""
        y = scratch.empty("y", (*self.output_shape(x.shape[:-1]), x.shape[-1]), x.dtype)
        np.copyto(self._squares(y), x[:, :, None, :, None])
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        shape, dtype = x.shape, x.dtype

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            dx = scratch.empty("dx", shape, dtype)
            return np.sum(self._squares(dy), axis=(2, 4), out=dx), []

        return self.forward_batch_last(x, scratch), pullback

    def _squares(self, image: Array) -> Array:
        """(channels, rows, columns, batch) as (channels, height, factor, width, factor, batch)."""
        channels, rows, columns, batch = image.shape
        f = self.factor
        return image.reshape(channels, rows // f, f, columns // f, f, batch)
