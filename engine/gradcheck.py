"""Backpropagation against central differences, for any list of layers.

An entry of an array is moved by ±ε and the loss of the layers above it computed twice; the quotient
has to be the gradient that the pullbacks gave. Done in float64, where ε = 1e-5 leaves an error near
1e-10. A kink (a ReLU at 0, a tie in a maximum) that lies between the two points spoils the
quotient, not the gradient: an entry that disagrees is asked again with smaller steps. An entry that
sits on a kink (a maximum over the zeros that a ReLU left) has two slopes, one to each side, and any
gradient between them is right.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from engine import backpropagation
from engine.arrays import Array, Labels
from engine.layers import chain
from engine.layers.base import Layer
from engine.losses import Loss, fuse
from engine.parameters import FlatBuffers, FlatParameters

STEPS = (1e-5, 1e-6, 1e-7)
TOLERANCE = 1e-5
"""The largest relative error that passes: wrong formulas are wrong by far more."""

KINK = 1e-2
"""How much the slopes to both sides differ, relatively, where there is a kink. A smooth function's
differ by about the step, 1e-7."""

ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""What a loss is off by, relatively. Divided by the step it is what the quotient is off by, which
shows where gradients are small, as those of all the pixels that a mean is taken over."""


@dataclass(frozen=True)
class LayerCheck:
    """The largest relative error among the entries of one layer's input and parameters."""

    index: int
    name: str
    max_relative_error: float


def gradcheck(
    layers: Sequence[Layer],
    loss: Loss,
    x: Array,
    targets: Labels,
    rng: Generator,
    *,
    entries: int = 8,
) -> list[LayerCheck]:
    """Check every layer on a batch, with a few entries drawn from each of its arrays.

    Args:
        layers: Not changed: a copy in float64 is checked.
        loss: The loss.
        x: A batch (..., batch).
        targets: See `engine.losses`.
        rng: Draws the entries.
        entries: How many of each array.
    """
    fused, loss = fuse(layers, loss)
    fused = copy.deepcopy(fused)
    FlatParameters(fused, np.float64)
    FlatBuffers(fused, np.float64)
    y: Array = x.astype(np.float64)
    checks = []
    for index, layer in enumerate(fused):
        above = fused[index:]
        _, _, dx, gradients = backpropagation.backpropagate(above, loss, y, targets, input_too=True)
        assert dx is not None  # noqa: S101 - it was asked for
        arrays = [(y, dx), *zip(layer.parameters, gradients[0], strict=True)]
        worst = max(
            _relative_error(above, loss, y, targets, array, gradient, int(entry))
            for array, gradient in arrays
            for entry in rng.choice(array.size, min(entries, array.size), replace=False)
        )
        checks.append(LayerCheck(index, layer.name, worst))
        y = np.ascontiguousarray(chain.forward([layer], y))
    return checks


def _relative_error(
    layers: Sequence[Layer],
    loss: Loss,
    x: Array,
    targets: Labels,
    array: Array,
    gradient: Array,
    entry: int,
) -> float:
    """|quotient − gradient| / max(|quotient|, |gradient|, a floor for gradients that are 0)."""
    flat = array.reshape(-1)
    assert np.shares_memory(flat, array)  # noqa: S101 - moving a copy would check nothing
    kept = flat[entry]

    def loss_at(value: float) -> float:
        flat[entry] = value
        y = chain.forward(layers, x)
        total = float(loss.value_and_gradient(y, targets)[0].sum())
        flat[entry] = kept  # only now: y may be a view of what was moved
        return total

    analytic = float(gradient.reshape(-1)[entry])
    here = loss_at(kept)
    rounding = ROUNDING * abs(here) / STEPS[0]
    floor = 1e-3 * float(np.abs(gradient).max()) + rounding / TOLERANCE + 1e-12
    best = np.inf
    for step in STEPS:
        right = (loss_at(kept + step) - here) / step
        left = (here - loss_at(kept - step)) / step
        middle = (left + right) / 2
        scale = max(abs(middle), abs(analytic), floor)
        error = abs(middle - analytic) / scale
        if step == STEPS[-1] and abs(right - left) > KINK * scale:
            error = max(min(left, right) - analytic, analytic - max(left, right), 0.0) / scale
        best = min(best, error)
        if best <= TOLERANCE / 10:
            break
    return best
