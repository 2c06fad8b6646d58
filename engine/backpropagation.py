"""The chain rule over a list of layers: forward, and back through their pullbacks.

This is all of backpropagation. Each layer gives its output and a pullback; the loss gives the
first gradient; the pullbacks, last to first, carry it back and leave each parameter's gradient on
the way.
"""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from engine.arrays import Array, Labels, Pullback
from engine.layers.base import Layer
from engine.losses import Loss
from engine.scratch import ReusedScratch, Scratch


def forward(layers: Sequence[Layer], x: Array, scratches: Sequence[Scratch] | None = None) -> Array:
    """The output of the last layer for a batch (..., batch), as in inference."""
    scratches = scratches or [Scratch()] * len(layers)
    for layer, scratch in zip(layers, scratches, strict=True):
        x = layer.forward_batch_last(x, scratch)
    return x


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
    pullbacks: list[Pullback] = []
    y = x
    for layer, scratch in zip(layers, scratches, strict=True):
        if rng is None:
            y, pullback = layer.vjp_batch_last(y, scratch)
        else:
            y, pullback = layer.training_vjp_batch_last(y, scratch, rng)
        pullbacks.append(pullback)
    losses, gradient = loss.value_and_gradient(y, targets)
    if scale != 1:
        gradient *= scale
    first = 0 if input_too else _first_with_parameters(layers)
    back: Array | None = gradient
    gradients: list[list[Array]] = [[] for _ in layers]
    for i in range(len(layers) - 1, first - 1, -1):
        assert back is not None  # noqa: S101 - only the first layer's is not asked for
        back, gradients[i] = pullbacks[i](back, input_too=input_too or i > first)
    return losses, y, back, gradients


def _first_with_parameters(layers: Sequence[Layer]) -> int:
    """Nothing below it needs a gradient."""
    trained = (i for i, layer in enumerate(layers) if layer.parameter_names)
    return next(trained, len(layers))


def reused_scratches(
    layers: Sequence[Layer], gradients: Sequence[dict[str, Array]] | None = None
) -> list[Scratch]:
    """Memory for each layer that is the same at every step.

    A layer may write over its input where that is the output of a layer before it that nobody reads
    again: not the network's own input, and not an output that a pullback needs.
    """
    scratches: list[Scratch] = []
    free = False
    for i, layer in enumerate(layers):
        own = gradients[i] if gradients is not None else None
        scratches.append(ReusedScratch(own, overwrite_input=free))
        free = free if layer.is_view else not layer.reads_output
    return scratches


def first_nonfinite(layers: Sequence[Layer], x: Array) -> int | None:
    """The index of the first layer whose output for `x` has a NaN or an infinity."""
    with np.errstate(all="ignore"):
        for i, layer in enumerate(layers):
            x = layer.forward_batch_last(x, Scratch())
            if not np.isfinite(x).all():
                return i
    return None
