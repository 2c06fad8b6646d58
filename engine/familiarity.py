"""How much an input looks like the training set: a network has an answer even for a letter.

Each class is two normal distributions over some forty numbers of an image, and an input is as
strange as it is to the one that it is the least strange to (after Lee et al. 2018, "A Simple
Unified Framework for Detecting Out-of-Distribution Samples", who take a network's features; these
here are of the data alone, and the same for all its networks). The numbers are

- the coordinates on the directions in which the training set varies most (principal components);
- the logarithm of what these leave of the image: an unfamiliar one is not made of such parts;
- the logarithms of its ink, its energy and of the energies of its edges: a blur or a texture, which
  is made of such parts, has fewer edges than lines have, and two digits have more.

Samples that were not used for any of this say how strange is too strange.
"""

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import NamedTuple

import numpy as np

from engine.arrays import Array, Labels, Shape
from engine.errors import ShapeError

AXES = 40
"""Principal components; 24 see half as many outlined shapes, 64 as much as 40."""

MOST, LEAST = 16_384, 200
"""Samples that are looked at: more change nothing, fewer say nothing."""

_EVERY = 4
"""One of so many samples is kept apart to say how strange is too strange."""

_STRANGE = 0.01
"""The share of these that may be taken for strangers."""

_AT_MEDIAN = 0.99
"""What a sample of medium strangeness scores."""

_ITERATIONS = 20
"""Of the orthogonal iteration; any basis near the principal subspace will do."""

_RIDGE = 1e-3
"""Of the shared variances, added to them, so that numbers which never vary can be divided by."""

_LARGEST = 1e9
"""With numbers up to this a sum may become infinite, which is strange, but nothing a NaN."""

_LONGEST_ODDS = 80
"""Longer ones overflow, and say no more."""

_MARKS, _EDGES = 3, 2
"""How many numbers there are beside the coordinates: of every input, and of images."""


@dataclass(frozen=True)
class Familiarity:
    """What is known of a training set.

    Attributes:
        mean: (features,), of all samples.
        axes: (features, axes), orthonormal.
        whitening: (numbers, distributions · numbers): whitens each of them.
        centres: (distributions · numbers,), the whitened means.
        widths: (distributions,), the logarithms of the determinants of the covariances.
        scale: (2,), the strangeness that scores 1/2, and how much more lowers the odds by e.
    """

    mean: Array
    axes: Array
    whitening: Array
    centres: Array
    widths: Array
    scale: Array

    def score(self, x: Array) -> Array:
        """For a batch (batch, *shape): how familiar each input is, (batch,) in 0..1."""
        limit, step = self.scale.tolist()
        odds = np.minimum((self.strangeness(x) - limit) / step, _LONGEST_ODDS)
        familiar: Array = 1 / (1 + np.exp(odds))
        return familiar

    def strangeness(self, x: Array) -> Array:
        """For a batch: −2 log density, less a constant, by the distribution where it is highest."""
        numbers = _numbers(x, *self._projection)
        white = (numbers @ self.whitening - self.centres).reshape(len(x), self.widths.size, -1)
        distances = np.vecdot(white, white) + self.widths
        strangeness: Array = distances.min(axis=1)
        return strangeness

    @cached_property
    def _projection(self) -> "_Projection":
        return _projection(self.mean, self.axes)

    def check(self, shape: Shape) -> None:
        """Whether this is of inputs of a shape, and can be computed with: it may be from anywhere.

        Raises:
            ShapeError: It is not.
        """
        size, axes, count = math.prod(shape), self.axes.shape[-1:], self.widths.size
        numbers = sum(axes) + _MARKS + (_EDGES if len(shape) == 3 else 0)
        expected: dict[str, Shape] = {
            "mean": (size,),
            "axes": (size, *axes),
            "whitening": (numbers, count * numbers),
            "centres": (count * numbers,),
            "widths": (max(count, 1),),
            "scale": (2,),
        }
        for name, array in self.arrays().items():
            if array.shape != expected[name]:
                raise ShapeError(f"{name} has shape {array.shape}, expected {expected[name]}")
            if not (np.abs(array) <= _LARGEST).all():
                raise ShapeError(f"{name} holds numbers that are not finite or absurdly large")
        if self.scale[1] <= 0:
            raise ShapeError(f"the second of scale is above 0, got {self.scale[1]}")

    def arrays(self) -> dict[str, Array]:
        """All that it consists of, by name; `Familiarity(**arrays)` is the same again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def learn(x: Labels, classes: Labels) -> Familiarity | None:
    """What a training set looks like; None if it is too small to tell.

    Args:
        x: (samples, *shape): bytes 0..255, or floats.
        classes: The class of each.
    """
    chosen = slice(None, None, -(-len(x) // MOST))
    x, classes = x[chosen], classes[chosen]
    if len(x) < LEAST:
        return None
    images = x.astype(np.float32) / 255 if x.dtype == np.uint8 else x.astype(np.float32)
    apart = np.arange(len(x)) % _EVERY == 0
    seen = images[~apart]
    flat = seen.reshape(len(seen), -1)
    mean: Array = flat.mean(axis=0)
    axes = _principal_axes(flat - mean)
    numbers = _numbers(seen, *_projection(mean, axes))
    whitening, centres, widths = _distributions(_groups(numbers, classes[~apart]))
    known = Familiarity(mean, axes, whitening, centres, widths, np.zeros(2, np.float32))
    return Familiarity(**{**known.arrays(), "scale": _scale(known.strangeness(images[apart]))})


class _Projection(NamedTuple):
    """All that one product tells of an input: (features, axes + 2), and what to subtract from it.

    Beside the coordinates these are the product with the mean, and the sum of all features.
    """

    columns: Array
    origin: Array
    mean_energy: float


def _projection(mean: Array, axes: Array) -> _Projection:
    columns = np.concatenate([axes, mean[:, None], np.ones_like(mean)[:, None]], axis=1)
    return _Projection(columns, mean @ axes, float(mean @ mean))


def _numbers(x: Array, columns: Array, origin: Array, mean_energy: float) -> Array:
    """The numbers that tell images from each other: (batch, numbers).

    They are asked for with every prediction, often of a single input: so few operations on arrays,
    which then cost more than what they compute.
    """
    batch, axes = len(x), len(origin)
    flat = x.reshape(batch, -1)
    products = flat @ columns
    energies = [flat, *_steps(x, flat)]
    numbers = np.empty((batch, axes + 2 + len(energies)), x.dtype)
    places, marks = numbers[:, :axes], numbers[:, axes:]
    np.subtract(products[:, :axes], origin, out=places)
    for i, one in enumerate(energies):
        np.vecdot(one, one, out=marks[:, 2 + i])
    left = marks[:, 2] + mean_energy - 2 * products[:, axes] - np.vecdot(places, places)
    np.maximum(left, 0, out=marks[:, 0])
    np.abs(products[:, axes + 1], out=marks[:, 1])
    np.log1p(marks, out=marks)
    return numbers


def _steps(x: Array, flat: Array) -> list[Array]:
    """Of images, how far each pixel is from the one below and from the one to its right.

    The last of a row is compared with the first of the next, as all of them lie in one line.
    """
    if x.ndim != 4:
        return []
    width = x.shape[3]
    return [flat[:, width:] - flat[:, :-width], flat[:, 1:] - flat[:, :-1]]


def _principal_axes(centred: Array) -> Array:
    """The directions of the largest variance, by orthogonal iteration: (features, axes)."""
    covariance = centred.T @ centred
    start = np.random.default_rng(0).standard_normal((len(covariance), AXES))
    axes = np.linalg.qr(start)[0].astype(np.float32)
    for _ in range(_ITERATIONS):
        axes = np.linalg.qr(covariance @ axes)[0]
    return axes


def _groups(numbers: Array, classes: Labels) -> list[Array]:
    """The samples of each class in two halves: those that lean left, and those that lean right.

    It is cut across the direction in which it varies most, whatever that may be.
    """
    groups = []
    for k in np.unique(classes):
        group = numbers[classes == k].astype(np.float64)
        longest = np.linalg.eigh(_scatter(group))[1][:, -1]
        right = (group - group.mean(axis=0)) @ longest > 0
        groups += [half for half in (group[~right], group[right]) if len(half)]
    return groups


def _scatter(group: Array) -> Array:
    centred = group - group.mean(axis=0)
    scatter: Array = centred.T @ centred
    return scatter


def _distributions(groups: list[Array]) -> tuple[Array, Array, Array]:
    """The whitenings, whitened means and log determinants of all groups.

    A group's covariance leans on that of all of them by as many samples as there are numbers, for
    it may have few of its own (Friedman 1989, regularized discriminant analysis).
    """
    scatters = [_scatter(group) for group in groups]
    shared = np.sum(scatters, axis=0) / sum(map(len, groups))
    shared += _RIDGE * np.diag(np.diag(shared) + _RIDGE)
    size = len(shared)
    whitening, centres, widths = [], [], []
    for group, scatter in zip(groups, scatters, strict=True):
        covariance = (scatter + size * shared) / (len(group) + size)
        lower = np.linalg.cholesky(np.linalg.inv(covariance))
        whitening.append(lower)
        centres.append(group.mean(axis=0) @ lower)
        widths.append(-2 * np.log(np.diag(lower)).sum())
    return (
        np.concatenate(whitening, axis=1).astype(np.float32),
        np.concatenate(centres).astype(np.float32),
        np.array(widths, np.float32),
    )


def _scale(strangeness: Array) -> Array:
    """How strange is too strange, and what lies between that and the usual."""
    limit, median = np.quantile(strangeness.astype(np.float64), [1 - _STRANGE, 0.5])
    step = (limit - median) / math.log(_AT_MEDIAN / (1 - _AT_MEDIAN))
    return np.array([limit, max(step, 1e-6)], np.float32)
