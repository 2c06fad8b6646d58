"""Sliding windows over (channels, height, width, batch): sizes, patches and their adjoint.

Convolution and pooling are the same walk of a k×k window. `patches` copies what the windows see;
`add_patches` is its adjoint: it adds every patch back to where it came from.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine.arrays import Array, Shape

PATCH_BYTES = 384 * 1024
"""How much of the patches exists at a time: they must stay in a core's L2 cache (1 MiB here) beside
the output that they make."""


def output_size(size: int, kernel_size: int, stride: int) -> int:
    """How many windows fit along an axis of `size`; 0 or less where not even one does."""
    return (size - kernel_size) // stride + 1


def same_padding(kernel_size: int) -> tuple[int, int]:
    """Zeros before and after an axis, so that stride 1 keeps its size."""
    return (kernel_size - 1) // 2, kernel_size // 2


def patches(x: Array, stride: int, out: Array) -> Array:
    """What each window sees, copied to `out` (k, k, channels, rows, columns, batch)."""
    channel, row, column, sample = x.strides
    strides = (row, column, channel, row * stride, column * stride, sample)
    np.copyto(out, as_strided(x, out.shape, strides))
    return out


def add_patches(p: Array, stride: int, to: Array) -> None:
    """Add patches (k, k, channels, rows, columns, batch) to the image that they were cut from."""
    kernel_size, _, _, rows, columns, _ = p.shape
    for i in range(kernel_size):
        for j in range(kernel_size):
            seen = to[:, i : i + stride * rows : stride, j : j + stride * columns : stride]
            seen += p[i, j]


def blocks(patch_shape: Shape, itemsize: int) -> Iterator[tuple[slice, slice]]:
    """Cut the windows' positions into rectangles (rows, columns) of at most `PATCH_BYTES`.

    Args:
        patch_shape: (k, k, channels, rows, columns, batch) of all the patches.
        itemsize: The bytes of a number.
    """
    kernel_height, kernel_width, channels, rows, columns, batch = patch_shape
    positions = max(1, PATCH_BYTES // (kernel_height * kernel_width * channels * batch * itemsize))
    height = min(rows, max(1, positions // columns))
    width = min(columns, positions)
    for top in range(0, rows, height):
        for left in range(0, columns, width):
            yield slice(top, min(top + height, rows)), slice(left, min(left + width, columns))
