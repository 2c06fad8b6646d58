"""Probabilities that mean what they say: of what is read with 90 %, nine of ten should be right.

A network is trained until it is surer, or less sure, than it is right. One number mends most of
that: the temperature T by which all logits are divided, softmax(z / T), which leaves every ranking
as it is (Guo, Pleiss, Sun and Weinberger 2017, "On Calibration of Modern Neural Networks"). Fitted
on samples that were not trained on, it becomes a part of the weights, (W / T)ᵀ x + b / T = z / T:
whoever computes the network computes calibrated probabilities.
"""

import math
from collections.abc import Sequence

import numpy as np

from engine.arrays import Array, Labels
from engine.batches import Samples
from engine.evaluation import outputs
from engine.layers.activations import Softmax
from engine.layers.base import Layer
from engine.layers.dense import DenseLayer
from engine.parallel import Team

_EXTREME = 20.0
"""Neither a higher temperature than this is looked for nor one below its reciprocal: what reads no
better than chance would have an infinite one."""

_HALVINGS = 50
"""Of the range of log T: after them it is known to all digits of a float32 and some more."""


def calibrate(
    layers: Sequence[Layer], samples: Samples, held_out: Labels, team: Team
) -> float | None:
    """Fit the temperature on held-out samples and divide the last dense layer by it, in place.

    Returns:
        The temperature. None, and nothing is changed, where the layers do not end with a dense
        layer and a softmax, or where there are no held-out samples with classes to fit it on.
    """
    if samples.classes is None or len(held_out) == 0 or len(layers) < 2:
        return None
    dense, softmax = layers[-2:]
    if not isinstance(dense, DenseLayer) or not isinstance(softmax, Softmax):
        return None
    logits = outputs(layers[:-1], samples, held_out, team)
    T = temperature(logits, samples.classes[held_out])
    for name in dense.parameter_names:
        dense.array(name)[...] /= T
    return T


def temperature(logits: Array, classes: Labels) -> float:
    """The T that makes the cross-entropy of softmax(logits / T) smallest; 1 for infinite logits.

    In β = 1 / T it is convex, L(β) = Σ log Σₖ exp(β zₖ) − β Σₖ yₖ zₖ, so that its slope,
    L'(β) = Σ (Σₖ pₖ zₖ − Σₖ yₖ zₖ), changes its sign once, and halving a range finds where. The
    labels y are smoothed by 1 / (samples + 1), as if one sample more had been of every class a
    little (after Platt 1999): a few samples that are all read right would else make T vanish.

    Args:
        logits: (samples, classes).
        classes: The right one of each.
    """
    z = logits.astype(np.float64)
    if not np.isfinite(z).all():
        return 1.0
    z -= z.max(axis=1, keepdims=True)
    share = 1 / (len(z) + 1)
    target = (1 - share) * z[np.arange(len(z)), classes] + share * z.mean(axis=1)
    low, high = -math.log(_EXTREME), math.log(_EXTREME)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        p = np.exp(z * math.exp(-middle))
        p /= p.sum(axis=1, keepdims=True)
        slope = float(np.sum(np.sum(p * z, axis=1) - target))
        if slope == 0:  # as where there is only one class
            break
        if slope > 0:  # too sure: hotter
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)
