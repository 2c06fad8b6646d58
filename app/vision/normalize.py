"""Ink → 28×28, by the rule that made MNIST out of NIST's scans.

Cut out, padded to a square, averaged down to 20×20, and pasted by whole pixels so that the centre
of mass lies in the middle. LeCun, Cortes and Burges give the rule in words; Yadav and Bottou
(QMNIST, arXiv:1905.10498) reconstructed its details, among them where the middle is.
"""

import math
from typing import NamedTuple

import numpy as np

from app.vision.decode import Picture

SIDE = 28
BOX = 20

SMALLEST = 10
"""Pixels. A smaller drawing is enlarged as if it were this large, so that a dot stays a dot."""

_MIDDLE = 14.5
"""A centre of mass ends in (13.5, 14.5], in indices of pixels: 13.5, where the middle of 28 pixels
is, is just outside."""

_FAINT = 0.1
"""Ink below a tenth of the strongest does not count when its extent is measured. Of MNIST's 70,000
images all but 20 are 20 pixels long by this measure too."""


_MOMENTS = np.stack([np.ones(SIDE), np.arange(SIDE)], axis=1)
"""What weighs the pixels of a row: its sum, and its sum by places."""


class Prepared(NamedTuple):
    """A drawing as MNIST has it, and what was noticed on the way there.

    `image` is (28, 28) float32, ink 1 and ground 0, in multiples of 1/255. `warnings` are words
    that clients may rely on; prepare.py lists them.
    """

    image: Picture
    warnings: tuple[str, ...] = ()


class Extent(NamedTuple):
    """The rows and columns that ink covers, ends exclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def side(self) -> int:
        return max(self.bottom - self.top, self.right - self.left)

    def touches_border_of(self, height: int, width: int) -> bool:
        return 0 in (self.top, self.left) or self.bottom == height or self.right == width

    def corner(self, side: float) -> tuple[float, float]:
        """Row and column where a square of that side begins that has the ink in its middle."""
        return (self.top + self.bottom - side) / 2, (self.left + self.right - side) / 2


def normalize(ink: Picture) -> Picture:
    """Ink (height, width), not all 0, as MNIST has a digit: (28, 28).

    What is in that form already is only rounded to MNIST's grey levels.
    """
    if in_mnist_form(ink):
        return grey_levels(ink)
    covered = extent(ink)
    side = max(covered.side, SMALLEST)
    if side == BOX - 1:  # stretching by a single pixel would blur every other
        side = BOX
    top, left = covered.corner(side)
    return centre(average(ink, (top // 1, left // 1), (side, side), BOX))


def in_mnist_form(ink: Picture) -> bool:
    """Whether light ink on a dark ground is as large as in MNIST and in the middle, within a pixel.

    Smaller digits than 16 pixels are not what MNIST has, though they fit its box.
    """
    if ink.shape != (SIDE, SIDE):
        return False
    # Every image is asked this, most answer yes, and one is so small that each operation counts:
    # three products give what the centre of mass and the extent are made of.
    visible = np.multiply(ink, ink > _FAINT * ink.max(), dtype=np.float64)
    of_rows, of_columns = visible @ _MOMENTS, _MOMENTS.T @ visible
    rows, columns = of_rows[:, 0].nonzero()[0], of_columns[0].nonzero()[0]
    if not rows.size:
        return False
    (mass, column), (row, _) = (_MOMENTS.T @ of_rows).tolist()
    side = 1 + max(int(rows[-1] - rows[0]), int(columns[-1] - columns[0]))
    return 16 <= side <= BOX and 13 * mass <= min(row, column) and max(row, column) <= 15 * mass


def extent(ink: Picture) -> Extent:
    """The smallest box around all ink that is not faint."""
    covered = ink > _FAINT * ink.max()
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    return Extent(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def average(
    values: Picture, corner: tuple[float, float], lengths: tuple[float, float], size: int
) -> Picture:
    """A window of a picture as (size, size): each pixel the mean of the area that it covers.

    The window begins at `corner`, row and column, and may reach over the border, where there is 0.
    """
    (row, height), (column, width) = zip(corner, lengths, strict=True)
    rows = slice(max(0, math.floor(row)), math.ceil(row + height))
    columns = slice(max(0, math.floor(column)), math.ceil(column + width))
    part = values[rows, columns]
    down = _shares(row - rows.start, height, size, part.shape[0])
    across = _shares(column - columns.start, width, size, part.shape[1])
    averaged: Picture = np.matmul(np.matmul(down, part), across.T)
    return averaged


def _shares(begin: float, length: float, size: int, limit: int) -> Picture:
    """(size, limit): the part of each of `size` stretches that each of `limit` pixels fills."""
    edges = begin + np.arange(size + 1) * (length / size)
    pixels = np.arange(limit)
    low = np.maximum(edges[:-1, np.newaxis], pixels)
    high = np.minimum(edges[1:, np.newaxis], pixels + 1)
    shares: Picture = (np.maximum(high - low, 0) * (size / length)).astype(np.float32)
    return shares


def centre(box: Picture) -> Picture:
    """A drawing (20, 20), brought to full contrast, on (28, 28) with its mass in the middle."""
    levels = grey_levels(box / box.max())
    # The thousandth keeps a symmetric drawing, whose mass lies on the limit, from jumping a pixel
    # at the next rounding error.
    row, column = (
        int(np.clip(np.floor(_MIDDLE - mass + 1e-3), 0, SIDE - BOX))
        for mass in centre_of_mass(levels)
    )
    image = np.zeros((SIDE, SIDE), dtype=np.float32)
    image[row : row + BOX, column : column + BOX] = levels
    return image


def centre_of_mass(values: Picture) -> tuple[float, float]:
    """Row and column, in indices of pixels."""
    rows, columns = values.sum(axis=1, dtype=np.float64), values.sum(axis=0, dtype=np.float64)
    return (
        float(rows @ np.arange(rows.size) / rows.sum()),
        float(columns @ np.arange(columns.size) / columns.sum()),
    )


def grey_levels(values: Picture) -> Picture:
    """Rounded to multiples of 1/255, bit for bit what an 8-bit image gives divided by 255."""
    return np.rint(values * 255).astype(np.float32) / np.float32(255)
