"""Full Jacobians, derived from the pullback: the whole file is this one idea.

Row i of a Jacobian is the pullback of the i-th unit vector. Training never builds one; they are
here to be looked at, tested and compared with the formulas, and because they come from the same
pullback that trains, a test of a Jacobian is a test of the training path.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from engine.arrays import Array, Differentiable


def of_input(layer: Differentiable, x: ArrayLike) -> Array:
    """dy/dx for every sample: (batch, outputs, inputs).

    In inference samples do not mix, so one pullback of a unit vector serves the whole batch.
    """
    y, pullback = layer.vjp(x)
    rows = [pullback(unit)[0].reshape(len(y), -1) for unit in _unit_vectors(y)]
    return np.stack(rows, axis=1)


def of_parameters(layer: Differentiable, x: ArrayLike) -> list[Array]:
    """dy/dparameter for every sample and parameter: [(batch, outputs, parameter.size), ...].

    A pullback sums parameter gradients over the batch, so each sample is a batch of its own here.
    """
    samples = [_of_parameters_of_one(layer, sample[None]) for sample in np.asarray(x)]
    return [np.stack(jacobians) for jacobians in zip(*samples, strict=True)]


def _of_parameters_of_one(layer: Differentiable, x: Array) -> list[Array]:
    y, pullback = layer.vjp(x)
    rows = [[g.ravel() for g in pullback(unit)[1]] for unit in _unit_vectors(y)]
    return [np.stack(row) for row in zip(*rows, strict=True)]


def _unit_vectors(y: Array) -> Iterator[Array]:
    """For each output of a sample: ones there in every sample, zeros elsewhere."""
    for i in range(y[0].size):
        unit = np.zeros_like(y)
        unit.reshape(len(y), -1)[:, i] = 1
        yield unit
