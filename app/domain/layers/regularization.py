"""Dropout and the two norms: layers that make training go better, not a network say more."""

import math
from typing import Annotated, Literal

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.layers.base import Cost, LayerSpec
from engine.arrays import Shape


class Dropout(LayerSpec):
    """While training, drops a random share of the numbers; otherwise does nothing."""

    type: Literal["dropout"]
    rate: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.5, description="The share that is dropped, from 0 to below 1."
    )

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.Dropout(self.rate)


class BatchNorm(LayerSpec):
    """Gives every channel mean 0 and variance 1 over a batch, then a trained scale and shift."""

    type: Literal["batch_norm"]

    def cost(self, shape: Shape) -> Cost:
        return Cost(parameters=2 * shape[0])

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.BatchNorm(shape[0])


class LayerNorm(LayerSpec):
    """Gives every sample mean 0 and variance 1, then every number a trained scale and shift."""

    type: Literal["layer_norm"]

    def cost(self, shape: Shape) -> Cost:
        return Cost(parameters=2 * math.prod(shape))

    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        return engine.LayerNorm(shape)
