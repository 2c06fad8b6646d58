"""Small changes to training images that leave their meaning: every epoch sees other images.

Each sample draws its own rotation, shear, scale, shift and elastic field. Together they say where
every pixel of the new image lies in the old one, so that all of them are one bilinear resampling of
the batch; noise and cutout follow. All draws come from the generator that is passed in, which
training makes anew for every shard of every step: there is no state to save.
"""

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from engine.arrays import Array

_GRID = 7
"""Pixels between two draws of the elastic field, which is smooth between them."""

_FEW = 8
"""Images that are resampled at a time: their work arrays stay small enough that the memory of one
is used again for the next, where larger ones would go back to the system each time."""

_UPPER = {"rotate": 180.0, "shear": 60.0, "scale": 0.9, "noise": 1.0}


@dataclass(frozen=True)
class Augmentation:
    """The bounds that are drawn from, −bound to bound, evenly; 0 switches a change off.

    Attributes:
        rotate: Degrees.
        shear: Degrees.
        translate: Pixels, along each axis.
        scale: A fraction: 0.1 makes an image 10 % smaller to 10 % larger.
        elastic: Pixels that a point is displaced by, along each axis.
        noise: The standard deviation of what is added to each pixel, which stays in 0..1.
        cutout: The side of a square in pixels, blackened around a random pixel.
    """

    rotate: float = 0.0
    shear: float = 0.0
    translate: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    noise: float = 0.0
    cutout: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, upper = getattr(self, field.name), _UPPER.get(field.name, 1000.0)
            if not 0 <= value <= upper:
                raise ValueError(f"{field.name} is from 0 to {upper:g}, got {value}")

    def apply(self, images: Array, rng: Generator) -> Array:
        """Changed copies of float32 images (batch, channels, height, width) in 0..1."""
        batch, _, height, width = images.shape
        if self.rotate or self.shear or self.translate or self.scale or self.elastic:
            images = resample(images, *self._sources(batch, height, width, rng))
        else:
            images = images.copy()
        if self.noise:
            images += self.noise * rng.standard_normal(images.shape, np.float32)
            np.clip(images, 0, 1, out=images)
        if self.cutout:
            self._cut(images, rng)
        return images

    def _sources(self, batch: int, height: int, width: int, rng: Generator) -> tuple[Array, Array]:
        """The row and the column, in the old image, of every pixel: (batch, height, width) each."""
        draw = rng.uniform(-1, 1, (5, batch, 1, 1)).astype(np.float32)
        angle = draw[0] * np.float32(math.radians(self.rotate))
        slant = np.tan(draw[1] * np.float32(math.radians(self.shear)))
        shrink = 1 / (1 + draw[2] * np.float32(self.scale))
        down, right = draw[3:] * np.float32(self.translate)
        row = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2) - down
        column = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2) - right
        cos, sin = np.cos(angle) * shrink, np.sin(angle) * shrink
        rows = cos * row + sin * column + np.float32((height - 1) / 2)
        columns = (cos * slant - sin) * row + (sin * slant + cos) * column
        columns += np.float32((width - 1) / 2)
        if self.elastic:
            rows += self._field(batch, height, width, rng)
            columns += self._field(batch, height, width, rng)
        return rows, columns

    def _field(self, batch: int, height: int, width: int, rng: Generator) -> Array:
        """A smooth field within ±elastic: draws on a coarse grid, interpolated along both axes."""
        across, along = _interpolation(height), _interpolation(width)
        coarse = rng.uniform(-self.elastic, self.elastic, (batch, across.shape[1], along.shape[1]))
        field: Array = across @ coarse.astype(np.float32) @ along.T
        return field

    def _cut(self, images: Array, rng: Generator) -> None:
        """Blacken a square in each image; near the border a part of it lies outside."""
        batch, _, height, width = images.shape
        tops = rng.integers(0, height, (batch, 1)) - self.cutout // 2
        lefts = rng.integers(0, width, (batch, 1)) - self.cutout // 2
        rows, columns = np.arange(height) - tops, np.arange(width) - lefts
        in_row = (rows >= 0) & (rows < self.cutout)
        in_column = (columns >= 0) & (columns < self.cutout)
        images *= ~(in_row[:, :, None] & in_column[:, None, :])[:, None]


def _interpolation(size: int) -> Array:
    """The matrix (size, grid points) that spreads grid values over pixels, with no edges."""
    points = max(2, -(-size // _GRID) + 1)
    place = np.linspace(0, points - 1, size)
    distance = np.minimum(1, np.abs(place[:, None] - np.arange(points)))
    weights: Array = (0.5 * (1 + np.cos(np.pi * distance))).astype(np.float32)
    return weights


def resample(images: Array, rows: Array, columns: Array) -> Array:
    """Read images (batch, channels, height, width) between their pixels; outside they are 0.

    Args:
        images: Read from.
        rows: Where each new pixel is read, (batch, height, width).
        columns: The same.
    """
    out = np.empty_like(images)
    for start in range(0, len(images), _FEW):
        few = slice(start, start + _FEW)
        _resample_few(images[few], rows[few], columns[few], out[few])
    return out


def _resample_few(images: Array, rows: Array, columns: Array, out: Array) -> None:
    batch, channels, height, width = images.shape
    padded = np.zeros((batch, channels, height + 3, width + 3), images.dtype)
    padded[:, :, 1:-2, 1:-2] = images
    top, below = _split(rows, height)
    left, beside = _split(columns, width)
    line, image = width + 3, (height + 3) * (width + 3)
    corner = np.arange(batch)[:, None, None] * (channels * image) + top * line + left
    flat = padded.reshape(-1)
    for channel in range(channels):
        at = corner + channel * image
        upper = flat.take(at)
        upper += beside * (flat.take(at + 1) - upper)
        lower = flat.take(at + line)
        lower += beside * (flat.take(at + line + 1) - lower)
        out[:, channel] = upper + below * (lower - upper)


def _split(places: Array, size: int) -> tuple[NDArray[Any], Array]:
    """Places along an axis as the pixel before, counted in the padded image, and the rest."""
    places = np.clip(places, -1, size) + 1
    before = np.floor(places)
    places -= before  # of floats: minus integers it would become float64
    return before.astype(np.intp), places
