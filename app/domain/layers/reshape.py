"""Layers that arrange the same numbers anew, or repeat them."""

import math
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.layers.base import LayerSpec, Size, needs_image
from engine.arrays import Shape
from engine.errors import ShapeError


class Flatten(LayerSpec):
    """Turns an image into a flat list of numbers, channel by channel, row by row."""

    type: Literal["flatten"]

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.FlattenLayer()


class Reshape(LayerSpec):
    """Gives the same numbers, in the same order, another shape."""

    type: Literal["reshape"]
    shape: Annotated[list[Size], Field(min_length=1, max_length=3)] = Field(
        description="The shape of one sample: [numbers] or [channels, height, width].",
        examples=[[1, 28, 28]],
    )

    def output_shape(self, shape: Shape) -> Shape:
        if math.prod(self.shape) != math.prod(shape):
            raise ShapeError(
                f"reshape to {self.shape} needs {math.prod(self.shape)} numbers, an input of shape "
                f"{list(shape)} has {math.prod(shape)}"
            )
        return tuple(self.shape)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.Reshape(tuple(self.shape))


class Upsample2D(LayerSpec):
    """Makes an image larger: every pixel becomes a square."""

    type: Literal["upsample2d"]
    factor: Annotated[int, Field(ge=1, le=64)] = Field(
        2, description="The side of the square in pixels."
    )

    def output_shape(self, shape: Shape) -> Shape:
        channels, height, width = needs_image("upsample2d", shape)
        return (channels, height * self.factor, width * self.factor)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.Upsample2D(self.factor)
