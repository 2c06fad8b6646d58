"""What a network looked at, and what its layers made of it.

Both are of one input. Saliency is the gradient of the class's score with respect to the input, by
the very pullbacks that train (Simonyan, Vedaldi and Zisserman, 2013).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import engine
from app.services.serving import LoadedModel
from app.vision import render
from engine.arrays import Array, Shape
from engine.layers.base import Layer

MOST = 16
"""Inputs of one request that are explained."""

MAX_CHANNELS = 64
"""How many of a layer's channels are drawn."""


@dataclass(frozen=True)
class Activation:
    """What a layer gave.

    Attributes:
        index: The layer's place in the network.
        kind: Its type in the definition.
        shape: Of its output, for one sample.
        image: (height, width) in 0..1; 0 is grey where the output has signs.
    """

    index: int
    kind: str
    shape: Shape
    image: Array


def saliency(model: LoadedModel, x: Array, k: int) -> Array:
    """How much each number of an input matters for the score of class `k`, in 0..1, in its shape.

    The score is taken before the softmax: after it, a network that is sure has no slope left.
    """
    layers: Sequence[Layer] = model.network.layers
    if isinstance(layers[-1], engine.Softmax):
        layers = layers[:-1]
    y = x[np.newaxis]
    pullbacks = []
    for layer in layers:
        y, pullback = layer.vjp(y)
        pullbacks.append(pullback)
    dy = np.zeros_like(y)
    dy[0, k] = 1.0
    for pullback in reversed(pullbacks):
        dy, _ = pullback(dy)
    slope: Array = np.abs(dy[0])
    largest = slope.max()
    return slope / largest if largest > 0 else slope


def activations(model: LoadedModel, x: Array) -> list[Activation]:
    """What every layer gives for an input, as images."""
    y = x[np.newaxis]
    found = []
    kinds = [spec["type"] for spec in model.model.definition["layers"]]
    for index, (layer, kind) in enumerate(zip(model.network.layers, kinds, strict=True)):
        y = layer.forward(y)
        found.append(Activation(index, kind, y.shape[1:], _drawn(y[0])))
    return found


def _drawn(y: Array) -> Array:
    """An output as one image: channels as tiles, a vector as a square of its numbers."""
    if y.ndim == 3:
        return render.tiles(y[:MAX_CHANNELS])
    flat = y.reshape(-1)
    side = math.ceil(math.sqrt(flat.size))
    square = np.zeros(side * side, flat.dtype)
    square[: flat.size] = flat
    return render.tiles(square.reshape(1, side, side), side=128)
