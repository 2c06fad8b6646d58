"""Sliding windows over (channels, height, width, batch): convolution in three functions.

A k×k window is cut in one direction only. `row_patches` holds, for every row of the image, what the
k columns of each window see there; k rows of it in a row are then, without another copy, the matrix
of all that the windows of one output row see:

    row_patches[r · stride : r · stride + k]  ~  (k · k · channels) × (columns · batch)

So a convolution costs k copies of its input, not k², and is one matrix product for each row.
`correlate` is that product, `paint` its adjoint, `kernel_gradient` its derivative by the kernel.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine.arrays import Array, Shape
from engine.scratch import Scratch

CHUNK = 2**18
"""Numbers (1 MiB) that are made before they are added up: they should still be in the cache."""


def output_size(size: int, kernel_size: int, stride: int) -> int:
    """How many windows fit along an axis of `size`; 0 or less where not even one does."""
    return (size - kernel_size) // stride + 1


def painted_size(size: Shape, kernel_size: int, stride: int) -> Shape:
    """The height and width that windows at `size` places reach: the inverse of `output_size`."""
    return tuple((n - 1) * stride + kernel_size for n in size)


def same_padding(kernel_size: int) -> tuple[int, int]:
    """Zeros before and after an axis, so that stride 1 keeps its size."""
    return (kernel_size - 1) // 2, kernel_size // 2


def row_patches(x: Array, kernel_size: int, stride: int, scratch: Scratch) -> Array:
    """What each window sees of each row: (height, k · channels, columns · batch)."""
    channels, height, width, batch = x.shape
    columns = output_size(width, kernel_size, stride)
    channel, row, column, sample = x.strides
    shape = (height, kernel_size, channels, columns, batch)
    out = scratch.empty("row_patches", shape, x.dtype)
    np.copyto(out, _view(x, shape, (row, column, channel, column * stride, sample)))
    return out.reshape(height, kernel_size * channels, columns * batch)


def correlate(patches: Array, kernel: Array, stride: int, out: Array) -> None:
    """out[o, r, c] = Σ kernel[i, j, ci, o] · x[ci, r · stride + i, c · stride + j].

    Args:
        patches: `row_patches` of x.
        kernel: (k, k, channels, output channels).
        stride: How far the window moves.
        out: (output channels, rows, columns, batch), overwritten.
    """
    outputs, rows = out.shape[:2]
    matrix = kernel.reshape(-1, outputs).T
    seen = _stacked(patches, len(kernel), stride)
    np.matmul(matrix, seen, out=out.reshape(outputs, rows, -1).swapaxes(0, 1))


def kernel_gradient(patches: Array, dy: Array, stride: int, scratch: Scratch, out: Array) -> None:
    """dL/dkernel (k, k, channels, output channels), given dL/dy of `correlate`."""
    outputs, rows = dy.shape[:2]
    seen = _stacked(patches, len(out), stride)
    lines = dy.reshape(outputs, rows, -1).transpose(1, 2, 0)
    total = out.reshape(-1, outputs)
    for chunk in _chunks(rows, out.size):
        shape = (chunk.stop - chunk.start, *total.shape)
        products = scratch.empty("products", shape, out.dtype)
        np.matmul(seen[chunk], lines[chunk], out=products)
        if chunk.start == 0:
            np.add.reduce(products, axis=0, out=total)
        else:
            total += np.add.reduce(products, axis=0)


def paint(y: Array, kernel: Array, stride: int, scratch: Scratch, out: Array) -> None:
    """The adjoint of `correlate`: add each number of y, times the kernel, to where it was seen.

    Image row h is seen by row r of y through row i of the kernel where h = r · stride + i. The h of
    one phase, h = phase, phase + stride, ..., all have the same i = phase, phase + stride, ...; as
    i goes up, r goes down. So with y turned to (rows, output channels, ...) and zeros around it,
    the r of one h are neighbours, and one matrix product carries them back.

    Args:
        y: (output channels, rows, columns, batch).
        kernel: (k, k, channels, output channels).
        stride: How far the window moves.
        scratch: For the work.
        out: (channels, height, width, batch), overwritten.
    """
    outputs, rows, columns, batch = y.shape
    kernel_size, _, channels, _ = kernel.shape
    pad = (kernel_size - 1) // stride
    turned = scratch.zeros("turned", (pad + rows + pad, outputs, columns, batch), y.dtype)
    np.copyto(turned[pad : pad + rows], y.swapaxes(0, 1))
    turned = turned.reshape(len(turned), outputs, columns * batch)
    out[...] = 0
    for phase in range(min(stride, kernel_size)):
        taps = kernel[phase::stride][::-1]
        matrix = taps.transpose(1, 2, 0, 3).reshape(kernel_size * channels, -1)
        seen_by = _stacked(turned[pad - len(taps) + 1 :], len(taps), 1)
        image = out[:, phase::stride]
        reached = min(image.shape[1], rows + len(taps) - 1)
        for chunk in _chunks(reached, len(matrix) * columns * batch):
            shape = (chunk.stop - chunk.start, kernel_size, channels, columns, batch)
            lines = scratch.empty("lines", shape, y.dtype)
            flat = lines.reshape(len(lines), len(matrix), columns * batch)
            np.matmul(matrix, seen_by[chunk], out=flat)
            for j in range(kernel_size):
                seen = image[:, chunk, j : j + stride * columns : stride]
                seen += lines[:, j].swapaxes(0, 1)


def _stacked(lines: Array, height: int, step: int) -> Array:
    """Every `step` lines the next `height` of them as one matrix, overlapping, without a copy.

    (lines, m, n) -> (count, height · m, n)
    """
    count, m, n = lines.shape
    line, row, number = lines.strides
    shape = (output_size(count, height, step), height * m, n)
    return _view(lines, shape, (line * step, row, number))


def _view(x: Array, shape: Shape, strides: tuple[int, ...]) -> Array:
    """`as_strided`; for an array without gaps by its constructor, which takes a tenth as long."""
    if x.flags.c_contiguous:
        return np.ndarray(shape, x.dtype, x, 0, strides)
    return as_strided(x, shape, strides)


def _chunks(count: int, size: int) -> Iterator[slice]:
    """Cut `count` items of `size` numbers into runs of about `CHUNK` numbers."""
    length = max(1, CHUNK // size)
    for start in range(0, count, length):
        yield slice(start, min(start + length, count))
