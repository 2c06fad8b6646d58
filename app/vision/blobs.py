"""Ink → the ink that belongs to the drawing: specks of dust and noise are wiped away.

Blobs are told apart on a coarse grid, where a small gap in a stroke closes, noise averages out, and
a large picture costs no more than a small one.
"""

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.vision.decode import Picture

T = TypeVar("T", bound=np.generic)

_CELLS = 64
"""Cells along the longer side of a picture, at most."""

_FAINT = 0.1
"""A cell with less than this part of the fullest one's ink is empty."""

_SPECK = 0.03
"""A blob with less than this part of the biggest one's ink is a speck."""

_SECOND = 0.25
"""One that stands beside the biggest and has at least this part of its ink may be a digit too."""


class Drawing(NamedTuple):
    """Ink (height, width) without its specks, and whether it may be more than one digit."""

    ink: Picture
    several: bool


def without_specks(ink: Picture) -> Drawing:
    """The ink in and around blobs of some size; everywhere else 0."""
    cell = -(-max(ink.shape) // _CELLS)
    grid = np.asarray(Image.fromarray(ink).reduce(cell))
    labels = _label(grid > _FAINT * grid.max())
    mass = np.bincount(labels.ravel(), weights=grid.ravel()).astype(np.float64)
    mass[0] = 0
    near = _spread((mass > _SPECK * mass.max())[labels])
    pixels = near.repeat(cell, axis=0)[: ink.shape[0]].repeat(cell, axis=1)[:, : ink.shape[1]]
    return Drawing(ink * pixels, several=_several(labels, mass))


def _label(filled: NDArray[np.bool_]) -> NDArray[np.intp]:
    """One number above 0 for all cells of a connected blob (corners connect), 0 for empty cells.

    Each cell takes the highest number around it, and then that of the cell which it is named
    after: the second step doubles its reach, so that a long stroke takes few rounds.
    """
    labels = np.arange(1, filled.size + 1).reshape(filled.shape) * filled
    while True:
        spread = _spread(labels) * filled
        spread = np.append(0, spread)[spread]
        if np.array_equal(spread, labels):
            return labels
        labels = spread


def _spread(values: NDArray[T]) -> NDArray[T]:
    """The highest of each cell and the eight around it."""
    for _ in range(2):  # along the rows, then, turned, along the columns
        spread = values.copy()
        np.maximum(spread[1:], values[:-1], out=spread[1:])
        np.maximum(spread[:-1], values[1:], out=spread[:-1])
        values = spread.T
    return values


def _several(labels: NDArray[np.intp], mass: NDArray[np.floating]) -> bool:
    """Whether a big blob stands beside the biggest; the loose bar of a 5 lies above the rest."""
    biggest = int(mass.argmax())
    return any(
        _shared(labels, biggest, other, axis=0) < 0.2
        and _shared(labels, biggest, other, axis=1) > 0.5
        for other in np.flatnonzero(mass > _SECOND * mass[biggest]).tolist()
        if other != biggest
    )


def _shared(labels: NDArray[np.intp], one: int, other: int, axis: int) -> float:
    """How much of the shorter one's extent, seen along an axis, is the longer one's too."""
    a, b = (np.flatnonzero((labels == label).any(axis=axis)) for label in (one, other))
    common = min(a[-1], b[-1]) - max(a[0], b[0]) + 1
    return float(common / (min(np.ptp(a), np.ptp(b)) + 1))
