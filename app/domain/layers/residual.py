"""Every layer as one type, and the layer that holds others."""

import math
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.layers.activations import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from app.domain.layers.base import Cost, LayerSpec, walk
from app.domain.layers.convolution import Conv2D, Conv2DTranspose
from app.domain.layers.dense import Dense
from app.domain.layers.pooling import AvgPool2D, GlobalAvgPool2D, MaxPool2D
from app.domain.layers.regularization import BatchNorm, Dropout, LayerNorm
from app.domain.layers.reshape import Flatten, Reshape, Upsample2D
from engine.arrays import Shape
from engine.layers import residual


class Residual(LayerSpec):
    """Adds its input to what its layers make of it; by a projection where the shapes differ.

    The projection is a convolution of 1×1 for images, a dense layer for flat samples, without bias.
    """

    type: Literal["residual"]
    layers: Annotated[list["AnyLayer"], Field(min_length=1, max_length=50)] = Field(
        description="The layers that the input goes around, first to last."
    )

    def output_shape(self, shape: Shape) -> Shape:
        after = shape
        for placed in walk(self.layers, shape):
            after = placed.after
        if after != shape:
            residual.projection_stride(shape, after)
        return after

    def cost(self, shape: Shape) -> Cost:
        costs = [placed.spec.cost(placed.before) for placed in walk(self.layers, shape)]
        after = self.output_shape(shape)
        if after != shape:
            weights = shape[0] * after[0]
            costs.append(Cost(parameters=weights, macs=weights * math.prod(after[1:])))
        return Cost(
            parameters=sum(cost.parameters for cost in costs),
            macs=sum(cost.macs for cost in costs),
        )

    def activations(self, shape: Shape) -> int:
        inside = sum(p.spec.activations(p.before) for p in walk(self.layers, shape))
        return inside + 2 * math.prod(self.output_shape(shape))

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        placed = list(walk(self.layers, shape))
        body = [p.spec.build(p.before, rng) for p in placed]
        return engine.Residual(body, residual.projection_for(shape, placed[-1].after, rng))


AnyLayer = Annotated[
    Dense
    | Conv2D
    | Conv2DTranspose
    | MaxPool2D
    | AvgPool2D
    | GlobalAvgPool2D
    | Flatten
    | Reshape
    | Upsample2D
    | ReLU
    | LeakyReLU
    | ELU
    | GELU
    | SiLU
    | Sigmoid
    | Tanh
    | Softmax
    | Dropout
    | BatchNorm
    | LayerNorm
    | Residual,
    Field(discriminator="type"),
]

Residual.model_rebuild()
