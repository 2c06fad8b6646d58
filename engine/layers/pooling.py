"""Pooling: one number for what a window sees of each channel.

Both walk the k² offsets of a window over whole arrays, never the windows one by one.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, final

import numpy as np

from engine.arrays import Array, Pullback, Shape
from engine.errors import at_least, mismatch
from engine.layers import windows
from engine.layers.base import Layer
from engine.scratch import Scratch


class _Pool(Layer, ABC):
    """What the two have in common.

    Args:
        kernel_size: The side of the window.
        stride: How far it moves; by default its side, so that windows do not overlap. Rows and
            columns that no whole window fits on are dropped.
    """

    def __init__(self, kernel_size: int = 2, stride: int | None = None) -> None:
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        at_least(1, kernel_size=self.kernel_size, stride=self.stride)

    def output_shape(self, input_shape: Shape) -> Shape:
        """(channels, height, width) -> (channels, rows, columns)."""
        k = self.kernel_size
        if len(input_shape) != 3 or min(input_shape[1:]) < k:
            raise mismatch(self.name, f"(channels, height, width) of at least {k}×{k}", input_shape)
        rows, columns = (windows.output_size(n, k, self.stride) for n in input_shape[1:])
        return (input_shape[0], rows, columns)

    @abstractmethod
    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(channels, height, width, batch) -> (channels, rows, columns, batch)."""

    def _offsets(self, image: Array, rows: int, columns: int) -> Iterator[Array]:
        """For each of the k² places in a window, what all windows have there, as a view."""
        for i in range(self.kernel_size):
            for j in range(self.kernel_size):
                yield image[
                    :,
                    i : i + self.stride * rows : self.stride,
                    j : j + self.stride * columns : self.stride,
                ]

    def _covers_exactly(self, x: Array, y: Array) -> bool:
        """Whether every number of the input is in exactly one window."""
        return self.stride == self.kernel_size and x.shape[1:3] == (
            y.shape[1] * self.stride,
            y.shape[2] * self.stride,
        )


@final
class MaxPool2D(_Pool):
    """y = the largest number in the window; dL/dy goes back to the first that was the largest."""

    name = "MaxPool2D"
    reads_output: ClassVar[bool] = True

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """The maximum over rows and then over columns: 2k comparisons in place of k²."""
        channels, rows, columns = self.output_shape(x.shape[:-1])
        _, _, width, batch = x.shape
        s = self.stride
        tall = scratch.empty("tall", (channels, rows, width, batch), x.dtype)
        y = scratch.empty("y", (channels, rows, columns, batch), x.dtype)
        np.copyto(tall, x[:, : s * rows : s])
        for i in range(1, self.kernel_size):
            np.maximum(tall, x[:, i : i + s * rows : s], out=tall)
        np.copyto(y, tall[:, :, : s * columns : s])
        for j in range(1, self.kernel_size):
            np.maximum(y, tall[:, :, j : j + s * columns : s], out=y)
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            _, rows, columns, _ = y.shape
            dx = scratch.empty("dx", x.shape, x.dtype)
            exact = self._covers_exactly(x, y)
            if not exact:
                dx[...] = 0
            share = scratch.empty("share", y.shape, x.dtype)
            open_ = scratch.empty("open", y.shape, bool)
            open_[...] = True
            hit = scratch.empty("hit", y.shape, bool)
            for seen, back in zip(
                self._offsets(x, rows, columns), self._offsets(dx, rows, columns), strict=True
            ):
                np.equal(seen, y, out=hit)
                hit &= open_
                open_ ^= hit
                if exact:
                    np.multiply(dy, hit, out=back)
                else:
                    back += np.multiply(dy, hit, out=share)
            return dx, []

        return y, pullback


@final
class GlobalAvgPool2D(Layer):
    """y = the mean of a channel; dL/dx = dL/dy / (height · width) for every number in it."""

    name = "GlobalAvgPool2D"

    def output_shape(self, input_shape: Shape) -> Shape:
        """(channels, height, width) -> (channels,)."""
        if len(input_shape) != 3:
            raise mismatch("global_avg_pool2d", "(channels, height, width)", input_shape)
        return input_shape[:1]

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(channels, height, width, batch) -> (channels, batch)."""
        return np.mean(x, axis=(1, 2), out=scratch.empty("y", (len(x), x.shape[-1]), x.dtype))

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        shape, dtype = x.shape, x.dtype

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            share = dy[:, None, None] / (shape[1] * shape[2])
            dx = scratch.empty("dx", shape, dtype)
            np.copyto(dx, share)
            return dx, []

        return self.forward_batch_last(x, scratch), pullback


@final
class AvgPool2D(_Pool):
    """y = the mean of the window; dL/dx = dL/dy / k² for every number in it."""

    name = "AvgPool2D"

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """See `Layer.forward_batch_last`."""
        shape = self.output_shape(x.shape[:-1])
        y = scratch.empty("y", (*shape, x.shape[-1]), x.dtype)
        y[...] = 0
        for seen in self._offsets(x, *shape[1:]):
            y += seen
        y /= self.kernel_size**2
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            share = scratch.empty("share", y.shape, x.dtype)
            np.divide(dy, self.kernel_size**2, out=share)
            dx = scratch.empty("dx", x.shape, x.dtype)
            dx[...] = 0
            for back in self._offsets(dx, *y.shape[1:3]):
                back += share
            return dx, []

        return y, pullback
