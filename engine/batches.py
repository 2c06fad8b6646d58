"""Which samples a step sees: a data set, its split, its order, and a batch of it.

Nothing here has a state to save: an epoch's order is a function of the seed and the epoch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.arrays import Array, Labels, Shape, batch_last
from engine.scratch import Scratch

SHARD = 64
"""Samples in a shard of a batch. Fixed, because the order of a sum decides its bits."""

LARGE_SHARD = 256
"""The same for a network so small that one thread trains it: fewer and larger calls of NumPy."""

_SPLIT, _SHUFFLE = range(2)
"""The streams of random numbers that are drawn from one seed."""


@dataclass(frozen=True)
class Samples:
    """Inputs and what they should become.

    Attributes:
        x: (samples, *shape): bytes 0..255, which are scaled to 0..1, or floats, taken as they are.
        labels: Classes (samples,), or targets (samples, *output shape); None: the input itself.
    """

    x: Labels
    labels: Labels | None

    def __post_init__(self) -> None:
        if self.labels is not None and len(self.labels) != len(self.x):
            raise ValueError(f"{len(self.x)} samples, but {len(self.labels)} labels")
        # `take` would copy all of an array that is not contiguous, at every step.
        object.__setattr__(self, "x", np.ascontiguousarray(self.x))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> Shape:
        """The shape of one sample."""
        return self.x.shape[1:]

    @property
    def classes(self) -> Labels | None:
        """The class of every sample: its label, or the largest of its targets; None: no classes."""
        if self.labels is None or self.labels.ndim > 2:
            return None
        return self.labels if self.labels.ndim == 1 else self.labels.argmax(axis=1)

    def inputs(
        self,
        indices: Labels,
        scratch: Scratch,
        change: Callable[[Array], Array] | None = None,
    ) -> Array:
        """Some samples as float32, the batch last: (*shape, len(indices)).

        Turned, not copied: a matrix product reads columns as fast as rows, and a convolution copies
        its input anyway.

        Args:
            indices: Which samples.
            scratch: Where they are converted.
            change: What to do to them, (samples, *shape), as augmentation does; None: nothing.
        """
        picked = self.x.take(indices, axis=0).reshape(len(indices), -1)
        flat = scratch.empty("flat", picked.shape, np.float32)
        np.copyto(flat, picked)
        if picked.dtype == np.uint8:
            flat *= np.float32(1 / 255)
        if change is not None:
            flat = change(flat.reshape(-1, *self.shape)).reshape(flat.shape)
        return flat.T.reshape(*self.shape, len(indices))

    def targets(self, indices: Labels, x: Array) -> Labels:
        """What the samples should become; `x` is what `inputs` gave for them."""
        if self.labels is None:
            return x
        picked = self.labels[indices]
        return picked if picked.ndim == 1 else batch_last(picked.astype(np.float32, copy=False))


def split(count: int, fraction: float, seed: int) -> tuple[Labels, Labels]:
    """Indices to train on and, the `fraction` of `count`, to validate on; drawn from the seed."""
    order = np.random.default_rng([seed, _SPLIT]).permutation(count)
    held_out = round(count * fraction)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def shuffled(indices: Labels, seed: int, epoch: int) -> Labels:
    """The order of an epoch."""
    return np.random.default_rng([seed, _SHUFFLE, epoch]).permutation(indices)


def shards(indices: Labels, size: int = SHARD) -> list[Labels]:
    """A batch cut into the parts that threads share."""
    return [indices[start : start + size] for start in range(0, len(indices), size)]
