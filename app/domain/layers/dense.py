"""The fully connected layer."""

from typing import Literal

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.layers.base import Cost, Initializer, LayerSpec, Size, draw, needs_flat
from engine.arrays import Shape


class Dense(LayerSpec):
    """Fully connected: every output is a weighted sum of all inputs. Takes flat input only."""

    type: Literal["dense"]
    output_dim: Size = Field(description="How many numbers the layer gives.")
    bias: bool = Field(True, description="Whether a trained constant is added to each output.")
    initializer: Initializer = "he"

    def output_shape(self, shape: Shape) -> Shape:
        needs_flat("dense", "n", shape)
        return (self.output_dim,)

    def cost(self, shape: Shape) -> Cost:
        macs = shape[0] * self.output_dim
        return Cost(parameters=macs + self.output_dim * self.bias, macs=macs)

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        weights = draw(
            self.initializer, rng, (shape[0], self.output_dim), shape[0], self.output_dim
        )
        return engine.DenseLayer(shape[0], self.output_dim, weights, bias=self.bias)
