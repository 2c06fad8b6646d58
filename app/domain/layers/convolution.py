"""Convolution and its transpose."""

from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.layers.base import (
    Cost,
    Initializer,
    KernelSize,
    LayerSpec,
    Size,
    Stride,
    draw,
    needs_image,
)
from app.domain.layers.pooling import windows_in
from engine.arrays import Array, Shape
from engine.errors import ShapeError
from engine.layers import windows


class _Convolution(LayerSpec):
    """What the two have in common."""

    type: str
    output_channels: Size = Field(description="How many channels the output has.")
    kernel_size: KernelSize = Field(description="The side of a kernel in pixels.")
    stride: Stride = Field(1, description="How many pixels a kernel moves at a time.")
    bias: bool = Field(True, description="Whether a trained constant is added to each channel.")
    initializer: Initializer = "he"

    def _weights(self, shape: Shape) -> int:
        return self.kernel_size**2 * shape[0] * self.output_channels

    def _parameters(self, shape: Shape) -> int:
        return self._weights(shape) + self.output_channels * self.bias

    def _kernel(self, shape: Shape, rng: Generator, fan_in: int, fan_out: int) -> Array:
        k = self.kernel_size
        size = (k, k, shape[0], self.output_channels)
        return draw(self.initializer, rng, size, fan_in, fan_out)


class Conv2D(_Convolution):
    """Convolution: slides small kernels over the image, one output channel a kernel."""

    type: Literal["conv2d"]
    padding: Literal["same", "valid"] = Field(
        "valid", description='"same" adds zeros so that stride 1 keeps the size, "valid" none.'
    )

    def output_shape(self, shape: Shape) -> Shape:
        padding = self.kernel_size - 1 if self.padding == "same" else 0
        size = windows_in("conv2d", shape, self.kernel_size, self.stride, padding)
        return (self.output_channels, *size)

    def cost(self, shape: Shape) -> Cost:
        _, rows, columns = self.output_shape(shape)
        macs = self._weights(shape) * rows * columns
        return Cost(parameters=self._parameters(shape), macs=macs)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        k, ci, co = self.kernel_size, shape[0], self.output_channels
        kernel = self._kernel(shape, rng, k * k * ci, k * k * co)
        return engine.Conv2DLayer(k, ci, co, self.padding, self.stride, kernel, bias=self.bias)


class Conv2DTranspose(_Convolution):
    """Transposed convolution: every input pixel paints a kernel on a larger image."""

    type: Literal["conv2d_transpose"]
    padding: Annotated[int, Field(ge=0, le=64)] = Field(
        0, description="How many pixels are trimmed from each side of the output."
    )

    def output_shape(self, shape: Shape) -> Shape:
        size = needs_image("conv2d_transpose", shape)[1:]
        painted = windows.painted_size(size, self.kernel_size, self.stride)
        rows, columns = (n - 2 * self.padding for n in painted)
        if min(rows, columns) < 1:
            raise ShapeError(
                f"conv2d_transpose paints {painted[0]}×{painted[1]} pixels from an input of shape "
                f"{list(shape)}; padding {self.padding} would trim them all away"
            )
        return (self.output_channels, rows, columns)

    def cost(self, shape: Shape) -> Cost:
        macs = self._weights(shape) * shape[1] * shape[2]
        return Cost(parameters=self._parameters(shape), macs=macs)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        k, ci, co = self.kernel_size, shape[0], self.output_channels
        # An output is painted by (k / stride)² kernels of every channel, on average.
        fan_in = max(1, k * k * ci // self.stride**2)
        kernel = self._kernel(shape, rng, fan_in, k * k * co)
        return engine.Conv2DTrLayer(k, ci, co, self.padding, self.stride, kernel, bias=self.bias)
