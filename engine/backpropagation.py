"""Backpropagation: the loss gives the first gradient, layers/chain.py carries it back."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.random import Generator

from engine.arrays import Array, Labels
from engine.layers import chain
from engine.layers.base import Layer
from engine.losses import Loss
from engine.scratch import ReusedScratch, Scratch


def backpropagate(
    layers: Sequence[Layer],
    loss: Loss,
    x: Array,
    targets: Labels,
    *,
    scratches: Sequence[Scratch] | None = None,
    rng: Generator | None = None,
    scale: float = 1.0,
    input_too: bool = False,
) -> tuple[Array, Array, Array | None, list[list[Array]]]:
    """The losses of a batch and the gradients of their sum.

    Args:
        layers: The layers, first to last.
        loss: What the last layer's output is judged by.
        x: A batch (..., batch).
        targets: See `engine.losses`.
        scratches: The memory of each layer; new memory where none is given.
        rng: Where layers that are random while training draw from; None: as in inference.
        scale: A factor on every gradient, as 1 / batch for the gradient of the mean.
        input_too: Whether dL/dx is wanted.

    Returns:
        The losses (batch,), the outputs (..., batch), dL/dx or None, and for each layer the
        gradients of its parameters.
    """
    scratches = scratches or [Scratch()] * len(layers)
    y, pullbacks = chain.vjp(layers, x, scratches, rng)
    losses, gradient = loss.value_and_gradient(y, targets)
    if scale != 1:
        gradient *= scale
    dx, gradients = chain.pull_back(layers, pullbacks, gradient, input_too=input_too)
    return losses, y, dx, gradients


def reused_scratches(
    layers: Sequence[Layer],
    gradients: Sequence[Mapping[str, Array]] | None = None,
    statistics: Sequence[Mapping[str, Array]] | None = None,
) -> list[Scratch]:
    """Memory for each layer that is the same at every step.

    Args:
        layers: The layers, first to last.
        gradients: For each, where the gradients of its parameters go.
        statistics: For each, where the statistics of its buffers go.
    """
    nothing: list[Mapping[str, Array]] = [{}] * len(layers)
    return [
        ReusedScratch(own_gradients, own_statistics, overwrite_input=free)
        for own_gradients, own_statistics, free in zip(
            gradients or nothing,
            statistics or nothing,
            chain.overwritable(layers),
            strict=True,
        )
    ]


def first_nonfinite(layers: Sequence[Layer], x: Array) -> int | None:
    """The index of the first layer whose output for `x` has a NaN or an infinity."""
    with np.errstate(all="ignore"):
        for i, layer in enumerate(layers):
            x = layer.forward_batch_last(x, Scratch())
            if not np.isfinite(x).all():
                return i
    return None
