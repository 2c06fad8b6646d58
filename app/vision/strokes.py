"""Strokes of a pen → 28×28, drawn anew with the pen of MNIST.

A drawing scaled down has lines as thick as its size makes them; one that is inked after it was
scaled has MNIST's, however small it was drawn. Each pixel's ink follows from its distance to the
nearest stroke, so no big picture is drawn only to be shrunk.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import UnusableImage
from app.vision.normalize import BOX, Prepared, centre
from app.vision.pen import PEN

Lines = list[NDArray[np.float64]]

_ENOUGH_POINTS = 4096
"""More points than this are thinned out; 400 pixels do not show them."""

_AT_ONCE = 256
"""Segments whose distances are computed in one go: 400 kB, which the cache holds."""


def rasterize(strokes: Sequence[Sequence[tuple[float, float]]]) -> Prepared:
    """Strokes as polylines of finite (x, y), y downwards and at any scale, as a digit of MNIST.

    Scaled so that the longer side of the inked drawing is 20 pixels. A lone point stays a dot.

    Raises:
        UnusableImage: `image_blank` if there is no point at all.
    """
    lines = _thinned(strokes)
    if not lines:
        raise UnusableImage(
            "The strokes hold no point. Send at least one, as [[[x, y], ...], ...].", "image_blank"
        )
    return Prepared(centre(_inked(_scaled(lines))))


def _thinned(strokes: Sequence[Sequence[tuple[float, float]]]) -> Lines:
    lines = [np.asarray(stroke, dtype=np.float64) for stroke in strokes if len(stroke)]
    step = math.ceil(sum(map(len, lines)) / _ENOUGH_POINTS)
    if step <= 1:
        return lines
    return [np.concatenate([line[:-1:step], line[-1:]]) for line in lines]


def _scaled(lines: Lines) -> Lines:
    """The lines in pixels of the box, so that ink half a pen wide around them just fills it."""
    points = np.concatenate(lines)
    unit = np.abs(points).max() or 1.0  # a difference of the largest floats would overflow
    low, high = points.min(axis=0) / unit, points.max(axis=0) / unit
    side = float((high - low).max())
    scale = (BOX - PEN) / side if side > 1e-9 else 0.0
    return [(line / unit - (low + high) / 2) * scale + BOX / 2 for line in lines]


def _inked(lines: Lines) -> NDArray[np.float32]:
    """(20, 20): how much of each pixel a round pen covers that is led along the lines."""
    starts = np.concatenate([line[: max(1, len(line) - 1)] for line in lines])
    ends = np.concatenate([line[min(1, len(line) - 1) :] for line in lines])
    nearest = np.full((BOX, BOX), np.inf, dtype=np.float32)
    for begin in range(0, len(starts), _AT_ONCE):
        chunk = slice(begin, begin + _AT_ONCE)
        np.minimum(nearest, _squared_distance(starts[chunk], ends[chunk]), out=nearest)
    return np.clip(PEN / 2 + 0.5 - np.sqrt(nearest), 0, 1)


def _squared_distance(
    starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(20, 20): from the middle of each pixel to the nearest of the segments (n, 2)."""
    middles = np.arange(BOX, dtype=np.float32) + np.float32(0.5)
    along = (ends - starts).astype(np.float32)[:, :, np.newaxis, np.newaxis]
    start = starts.astype(np.float32)[:, :, np.newaxis, np.newaxis]
    x = middles - start[:, 0]  # (n, 1, 20)
    y = middles[:, np.newaxis] - start[:, 1]  # (n, 20, 1)
    length = np.maximum(np.square(along).sum(axis=1), np.float32(1e-12))
    part = np.clip((x * along[:, 0] + y * along[:, 1]) / length, 0, 1)
    squares = np.square(x - part * along[:, 0]) + np.square(y - part * along[:, 1])
    nearest: NDArray[np.float32] = squares.min(axis=0)
    return nearest
