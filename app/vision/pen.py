"""Ink → ink of MNIST's thickness: hairlines grow, fat markers shrink, what lies between stays.

A network that learnt MNIST reads its digits by lines of about 2.5 pixels in a box of 20. One of
98 %, measured: a pen of 0.4 pixels costs it 2 points and one of 6 pixels 12; drawn anew, 0 and 4.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.vision.decode import Picture
from app.vision.normalize import BOX, SMALLEST, average, extent

PEN = 2.5
"""The width of MNIST's lines, in pixels of the 20×20 box: the median over its images."""

_THINNEST, _THICKEST = 1.2, 4.4
"""Between these lie 99 % of MNIST's images, and what lies between them is left alone."""

_FINE = 4
"""Lines are measured and changed on a grid this many times finer than MNIST's."""

_MARGIN = 2 * _FINE
"""Room on that grid for lines at the edge of the box to grow."""


class Inked(NamedTuple):
    """Ink (height, width), and which of `thin_pen` and `thick_pen` it was drawn with, if any."""

    ink: Picture
    warning: str | None


def with_even_pen(ink: Picture) -> Inked:
    """Ink whose lines are as thick as MNIST's, once they are scaled to its box."""
    covered = extent(ink)
    if covered.side < SMALLEST:
        return Inked(ink, None)
    size = BOX * _FINE + 2 * _MARGIN
    side = covered.side * size / (BOX * _FINE)
    fine = average(ink, covered.corner(side), (side, side), size)
    full = np.percentile(fine[fine > 0.1 * fine.max()], 75)
    fine = np.minimum(fine / full, 1)
    thickness = _thickness(fine > 0.5) / _FINE
    steps = round(abs(PEN - thickness) / 2 * _FINE)
    if thickness < _THINNEST:
        return Inked(_grown(fine, steps), "thin_pen")
    if thickness > _THICKEST:
        shrunk = 1 - _grown(1 - fine, steps)
        if shrunk.max() > 0.5:  # else it was a texture, not a line
            return Inked(shrunk, "thick_pen")
    return Inked(ink, None)


def _thickness(covered: NDArray[np.bool_]) -> float:
    """Twice the area by the perimeter: the width of a line that is long and thin.

    The perimeter is the number of sides between ink and paper, which is 4/π times too long on the
    average over all directions.
    """
    sides = np.count_nonzero(covered[1:] != covered[:-1])
    sides += np.count_nonzero(covered[:, 1:] != covered[:, :-1])
    return 2 * np.count_nonzero(covered) / (sides * np.pi / 4)


def _grown(ink: Picture, steps: int) -> Picture:
    """Ink spread by so many pixels to all sides, by squares and crosses in turn: an octagon."""
    for step in range(steps):
        rows, columns = _along(ink), _along(ink.T).T
        ink = _along(columns) if step % 2 else np.maximum(rows, columns)
    return ink


def _along(ink: Picture) -> Picture:
    """The highest of each pixel and the one above and below."""
    grown = ink.copy()
    np.maximum(grown[1:], ink[:-1], out=grown[1:])
    np.maximum(grown[:-1], ink[1:], out=grown[:-1])
    return grown
