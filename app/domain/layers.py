"""The layers that a definition may name: one class each, which is also its JSON Schema.

A spec knows the layer's arithmetic of shapes and costs, in Python integers, so that a definition is
judged before anything is allocated; and it builds the engine's layer, with weights that suit it.
"""

import math
from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.spec import Spec
from engine import initializers
from engine.arrays import Shape
from engine.errors import ShapeError
from engine.layers import windows

Size = Annotated[int, Field(ge=1, le=1_000_000)]
KernelSize = Annotated[int, Field(ge=1, le=64)]
Stride = Annotated[int, Field(ge=1, le=64)]


class Cost(Spec):
    """What a layer costs for one sample."""

    parameters: int = 0
    macs: int = 0


class LayerSpec(Spec):
    """A layer of a definition; the sizes of its input are inferred from the layer before it."""

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of a sample after this layer; raises ShapeError where it does not fit."""
        return shape

    def cost(self, shape: Shape) -> Cost:
        return Cost()

    @abstractmethod
    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        """The engine's layer for inputs of `shape`, its weights drawn from `rng`."""


def _image(layer: str, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ShapeError(
            f"{layer} needs an input of shape [channels, height, width], got {list(shape)}"
            + ("; put a reshape layer before it" if len(shape) == 1 else "")
        )
    return shape[0], shape[1], shape[2]


def _windows(layer: str, shape: Shape, kernel_size: int, stride: int, padding: int) -> Shape:
    """Rows and columns that a window finds in [channels, height, width]."""
    _, height, width = _image(layer, shape)
    if min(height, width) + padding < kernel_size:
        raise ShapeError(
            f"{layer} has a window of {kernel_size}×{kernel_size}, larger than its input of "
            f"{height}×{width} (shape {list(shape)}); use a smaller kernel_size or drop a layer "
            "that shrinks the image"
        )
    return tuple(
        windows.output_size(size + padding, kernel_size, stride) for size in (height, width)
    )


class Dense(LayerSpec):
    """Fully connected: every output is a weighted sum of all inputs. Takes flat input only."""

    type: Literal["dense"]
    output_dim: Size = Field(description="How many numbers the layer gives.")
    bias: bool = Field(True, description="Whether a trained constant is added to each output.")

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ShapeError(
                f"dense needs a flat input of shape [n], got {list(shape)}; "
                'put {"type": "flatten"} before it'
            )
        return (self.output_dim,)

    def cost(self, shape: Shape) -> Cost:
        macs = shape[0] * self.output_dim
        return Cost(parameters=macs + self.output_dim * self.bias, macs=macs)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        weights = initializers.he_normal(rng, (shape[0], self.output_dim), shape[0])
        return engine.DenseLayer(
            shape[0], self.output_dim, weights.astype(np.float32), bias=self.bias
        )


class Conv2D(LayerSpec):
    """Convolution: slides small kernels over the image, one output channel a kernel."""

    type: Literal["conv2d"]
    output_channels: Size = Field(description="How many kernels, each gives a channel.")
    kernel_size: KernelSize = Field(description="The side of a kernel in pixels.")
    padding: Literal["same", "valid"] = Field(
        "valid", description='"same" adds zeros so that stride 1 keeps the size, "valid" none.'
    )
    stride: Stride = Field(1, description="How many pixels a kernel moves at a time.")
    bias: bool = Field(True, description="Whether a trained constant is added to each channel.")

    def output_shape(self, shape: Shape) -> Shape:
        padding = self.kernel_size - 1 if self.padding == "same" else 0
        size = _windows("conv2d", shape, self.kernel_size, self.stride, padding)
        return (self.output_channels, *size)

    def cost(self, shape: Shape) -> Cost:
        weights = self.kernel_size**2 * shape[0] * self.output_channels
        _, rows, columns = self.output_shape(shape)
        parameters = weights + self.output_channels * self.bias
        return Cost(parameters=parameters, macs=weights * rows * columns)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        k, ci, co = self.kernel_size, shape[0], self.output_channels
        kernel = initializers.he_normal(rng, (k, k, ci, co), k * k * ci).astype(np.float32)
        return engine.Conv2DLayer(k, ci, co, self.padding, self.stride, kernel, bias=self.bias)


class Conv2DTranspose(LayerSpec):
    """Transposed convolution: every input pixel paints a kernel on a larger image."""

    type: Literal["conv2d_transpose"]
    output_channels: Size = Field(description="How many channels the painted image has.")
    kernel_size: KernelSize = Field(description="The side of a kernel in pixels.")
    padding: Annotated[int, Field(ge=0, le=64)] = Field(
        0, description="How many pixels are trimmed from each side of the output."
    )
    stride: Stride = Field(1, description="How far apart two neighbouring pixels paint.")
    bias: bool = Field(True, description="Whether a trained constant is added to each channel.")

    def output_shape(self, shape: Shape) -> Shape:
        _, height, width = _image("conv2d_transpose", shape)
        painted = [(n - 1) * self.stride + self.kernel_size for n in (height, width)]
        rows, columns = (n - 2 * self.padding for n in painted)
        if min(rows, columns) < 1:
            raise ShapeError(
                f"conv2d_transpose paints {painted[0]}×{painted[1]} pixels from an input of shape "
                f"{list(shape)}; padding {self.padding} would trim them all away"
            )
        return (self.output_channels, rows, columns)

    def cost(self, shape: Shape) -> Cost:
        weights = self.kernel_size**2 * shape[0] * self.output_channels
        parameters = weights + self.output_channels * self.bias
        return Cost(parameters=parameters, macs=weights * shape[1] * shape[2])

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        k, ci, co = self.kernel_size, shape[0], self.output_channels
        # An output is painted by (k / stride)² kernels of every channel, on average.
        fan_in = max(1, k * k * ci // self.stride**2)
        kernel = initializers.he_normal(rng, (k, k, ci, co), fan_in).astype(np.float32)
        return engine.Conv2DTrLayer(k, ci, co, self.padding, self.stride, kernel, bias=self.bias)


class _Pool(LayerSpec):
    """What the two have in common; a subclass's `type` is how it is named in errors."""

    type: str
    kernel_size: KernelSize = Field(2, description="The side of the window in pixels.")
    stride: Stride | None = Field(
        None, description="How many pixels the window moves; by default its side."
    )

    def output_shape(self, shape: Shape) -> Shape:
        stride = self.stride or self.kernel_size
        size = _windows(self.type, shape, self.kernel_size, stride, 0)
        return (shape[0], *size)


class MaxPool2D(_Pool):
    """Keeps the largest number of each window; by default halves height and width."""

    type: Literal["max_pool2d"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.MaxPool2D(self.kernel_size, self.stride)


class AvgPool2D(_Pool):
    """Takes the mean of each window; by default halves height and width."""

    type: Literal["avg_pool2d"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.AvgPool2D(self.kernel_size, self.stride)


class Flatten(LayerSpec):
    """Turns an image into a flat list of numbers, channel by channel, row by row."""

    type: Literal["flatten"]

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.FlattenLayer()


class ReLU(LayerSpec):
    """max(x, 0): the usual non-linearity."""

    type: Literal["relu"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.ReLU()


class Softmax(LayerSpec):
    """Turns scores into probabilities that sum to 1; the last layer of a classifier."""

    type: Literal["softmax"]

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ShapeError(
                f"softmax needs a flat input of shape [classes], got {list(shape)}; "
                'put {"type": "flatten"} before it'
            )
        return shape

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.Softmax()


AnyLayer = Annotated[
    Dense | Conv2D | Conv2DTranspose | MaxPool2D | AvgPool2D | Flatten | ReLU | Softmax,
    Field(discriminator="type"),
]

LAYERS: dict[str, type[LayerSpec]] = {
    "dense": Dense,
    "conv2d": Conv2D,
    "conv2d_transpose": Conv2DTranspose,
    "max_pool2d": MaxPool2D,
    "avg_pool2d": AvgPool2D,
    "flatten": Flatten,
    "relu": ReLU,
    "softmax": Softmax,
}
"""Every layer by its type."""
