"""The course notebook's explicit formulas, kept to compare with what the engine derives.

They build whole Jacobians, the batch first, in plain loops and einsums: slow, hard to get wrong.
"""

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from engine.arrays import Array


def dense_jacobians(x: Array, weights: Array) -> tuple[Array, Array, Array]:
    """dy/dx, dy/dW and dy/db of every sample of y = x · weights + b."""
    batch, (inputs, outputs) = len(x), weights.shape
    of_x = np.tile(weights.T, (batch, 1, 1))
    of_weights = np.einsum("bi,jk->bjik", x, np.eye(outputs)).reshape(
        batch, outputs, inputs * outputs
    )
    of_b = np.tile(np.eye(outputs), (batch, 1, 1))
    return of_x, of_weights, of_b


def conv_jacobians(
    x: Array, kernel: Array, stride: int, pads: tuple[int, int]
) -> tuple[Array, Array, Array]:
    """dy/dx, dy/dkernel and dy/dbias of every sample of a convolution."""
    before = pads[0]
    batch, channels, height, width = x.shape
    k, _, _, outputs = kernel.shape
    padded = np.pad(x, ((0, 0), (0, 0), pads, pads))
    rows = (padded.shape[2] - k) // stride + 1
    columns = (padded.shape[3] - k) // stride + 1
    of_x = np.zeros((batch, outputs, rows, columns, *padded.shape[1:]))
    of_kernel = np.zeros((batch, outputs, rows, columns, *kernel.shape))
    of_bias = np.zeros((batch, outputs, rows, columns, outputs))
    for o, r, c in itertools.product(range(outputs), range(rows), range(columns)):
        i, j = r * stride, c * stride
        window = padded[:, :, i : i + k, j : j + k]
        of_x[:, o, r, c, :, i : i + k, j : j + k] = kernel[..., o].transpose(2, 0, 1)
        of_kernel[:, o, r, c, ..., o] = window.transpose(0, 2, 3, 1)
        of_bias[:, o, r, c, o] = 1
    seen = of_x[..., before : before + height, before : before + width]
    positions = outputs * rows * columns
    return (
        seen.reshape(batch, positions, channels * height * width),
        of_kernel.reshape(batch, positions, kernel.size),
        of_bias.reshape(batch, positions, outputs),
    )


def central_differences(
    function: Callable[[], ArrayLike], array: Array, step: float = 1e-5
) -> Array:
    """d function() / d array, entry by entry: (*function's shape, *array's shape).

    The entries are moved in place, so `function` has to read `array` itself.
    """
    columns = []
    flat = array.reshape(-1)
    assert np.shares_memory(flat, array)
    for i in range(flat.size):
        kept = flat[i]
        flat[i] = kept + step
        above = np.asarray(function())
        flat[i] = kept - step
        columns.append((above - function()) / (2 * step))
        flat[i] = kept
    derivative = np.stack(columns, axis=-1)
    return derivative.reshape(*derivative.shape[:-1], *array.shape)
