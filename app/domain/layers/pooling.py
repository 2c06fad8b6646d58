"""Pooling: one number for what a window sees of each channel."""

from typing import Literal

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.layers.base import KernelSize, LayerSpec, Stride, needs_image
from engine.arrays import Shape
from engine.errors import ShapeError
from engine.layers import windows


def windows_in(layer: str, shape: Shape, kernel_size: int, stride: int, padding: int) -> Shape:
    """Rows and columns that a window finds in [channels, height, width]."""
    _, height, width = needs_image(layer, shape)
    if min(height, width) + padding < kernel_size:
        raise ShapeError(
            f"{layer} has a window of {kernel_size}×{kernel_size}, larger than its input of "
            f"{height}×{width} (shape {list(shape)}); use a smaller kernel_size or drop a layer "
            "that shrinks the image"
        )
    return tuple(
        windows.output_size(size + padding, kernel_size, stride) for size in (height, width)
    )


class _Pool(LayerSpec):
    """What the two have in common; a subclass's `type` is how it is named in errors."""

    type: str
    kernel_size: KernelSize = Field(2, description="The side of the window in pixels.")
    stride: Stride | None = Field(
        None, description="How many pixels the window moves; by default its side."
    )

    def output_shape(self, shape: Shape) -> Shape:
        stride = self.stride or self.kernel_size
        size = windows_in(self.type, shape, self.kernel_size, stride, 0)
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


class GlobalAvgPool2D(LayerSpec):
    """Takes the mean of each channel: an image becomes as many numbers as it has channels."""

    type: Literal["global_avg_pool2d"]

    def output_shape(self, shape: Shape) -> Shape:
        return needs_image("global_avg_pool2d", shape)[:1]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.GlobalAvgPool2D()
