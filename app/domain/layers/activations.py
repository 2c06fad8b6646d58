"""The layers that act on every number alone, and softmax; sorted as in the engine."""

from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.layers.base import LayerSpec, needs_flat
from engine.arrays import Shape


class ReLU(LayerSpec):
    """max(x, 0): the usual non-linearity."""

    type: Literal["relu"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.ReLU()


class LeakyReLU(LayerSpec):
    """x where x > 0, else a little of it: no number is without a slope."""

    type: Literal["leaky_relu"]
    negative_slope: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.01, description="The slope below 0."
    )

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.LeakyReLU(self.negative_slope)


class ELU(LayerSpec):
    """x where x > 0, else alpha (exp x - 1): smooth, with a mean near 0."""

    type: Literal["elu"]
    alpha: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="How far below 0 the output can come."
    )

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.ELU(self.alpha)


class GELU(LayerSpec):
    """x times the share of a normal distribution below x: a smooth ReLU."""

    type: Literal["gelu"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.GELU()


class SiLU(LayerSpec):
    """x times its sigmoid, also called swish: a smooth ReLU."""

    type: Literal["silu"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.SiLU()


class Sigmoid(LayerSpec):
    """Squeezes every number between 0 and 1."""

    type: Literal["sigmoid"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.Sigmoid()


class Tanh(LayerSpec):
    """Squeezes every number between -1 and 1."""

    type: Literal["tanh"]

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.Tanh()


class Softmax(LayerSpec):
    """Turns scores into probabilities that sum to 1; the last layer of a classifier."""

    type: Literal["softmax"]

    def output_shape(self, shape: Shape) -> Shape:
        needs_flat("softmax", "classes", shape)
        return shape

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.Softmax()
