"""A dataset as far as it is known without its samples: what it holds, what was found, its limits.

A dataset changes by versions, each of which is a list of chunks that are never changed. What one
version has in common with another, or with a dataset that it was copied from, is stored once.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

from engine.arrays import Shape

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

FANOUT = 16
"""So many neighbouring chunks of one size become one: n samples that were added one by one are some
log n chunks, and each was written anew log n times."""

CHUNK_BYTES = 2**22
"""A chunk is not made larger; nor may a single sample be."""

NOTHING = hashlib.sha256().hexdigest()
"""The digest of a split without samples."""

IMBALANCE = 5.0
"""From here on it is worth a word."""


class Chunk(NamedTuple):
    """Samples that are stored together.

    Attributes:
        sha256: Their blob; None: this split of MNIST, which comes with the package.
        samples: How many.
    """

    sha256: str | None
    samples: int


@dataclass(frozen=True)
class Contents:
    """One split of one version.

    Attributes:
        chunks: Where its samples are, in their order.
        counts: How many there are of each class.
        digest: A chain over its samples and labels: the same for the same, however it is cut.
    """

    chunks: tuple[Chunk, ...]
    counts: tuple[int, ...]
    digest: str = NOTHING

    @property
    def samples(self) -> int:
        return sum(self.counts)

    def with_sample(self, chunk: Chunk, label: int, digest: str) -> "Contents":
        """One sample more."""
        counts = tuple(n + (k == label) for k, n in enumerate(self.counts))
        return Contents((*self.chunks, chunk), counts, digest)

    def mergeable(self, sample_bytes: int) -> tuple[Chunk, ...]:
        """The first neighbours that should be one chunk; none where there are none."""
        for i in range(len(self.chunks) - FANOUT + 1):
            run = self.chunks[i : i + FANOUT]
            small = FANOUT * run[0].samples * sample_bytes <= CHUNK_BYTES
            if small and all(c.sha256 and c.samples == run[0].samples for c in run):
                return run
        return ()

    def merged(self, run: Sequence[Chunk], chunk: Chunk) -> "Contents | None":
        """The same samples with `run` as one chunk; None where it is no part of this."""
        for i in range(len(self.chunks) - len(run) + 1):
            if self.chunks[i : i + len(run)] == tuple(run):
                rest = self.chunks[i + len(run) :]
                return replace(self, chunks=(*self.chunks[:i], chunk, *rest))
        return None


class Duplicates(NamedTuple):
    """Samples that are there already: within a split, and in the test split of the training's."""

    train: int = 0
    test: int = 0
    between: int = 0

    def with_sample(self, split: Split, train: int, test: int) -> "Duplicates":
        """The same after one sample more, whose like is there so often in either split."""
        if split == "train":
            shown = 0 if train else test
            return Duplicates(self.train + (train > 0), self.test, self.between + shown)
        return Duplicates(self.train, self.test + (test > 0), self.between + (train > 0))


NO_DUPLICATES = Duplicates()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """One version of a dataset."""

    id: str
    name: str
    created_at: str
    sample_shape: Shape
    classes: list[str]
    version: int
    contents: Mapping[Split, Contents]
    duplicates: Duplicates = NO_DUPLICATES

    @property
    def sha256(self) -> str:
        """Identifies the content: the same samples and classes in the same order, the same hash."""
        parts = [list(self.sample_shape), self.classes, *(self.contents[s].digest for s in SPLITS)]
        return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()

    @property
    def train_samples(self) -> int:
        return self.contents["train"].samples

    @property
    def test_samples(self) -> int:
        return self.contents["test"].samples

    @property
    def class_counts(self) -> dict[Split, dict[str, int]]:
        """How many samples each class has, by its name."""
        return {
            split: dict(zip(self.classes, self.contents[split].counts, strict=True))
            for split in SPLITS
        }

    @property
    def empty_classes(self) -> dict[Split, list[str]]:
        """The classes that a split has no sample of."""
        return {
            split: [name for name, count in counts.items() if count == 0]
            for split, counts in self.class_counts.items()
        }

    @property
    def imbalance(self) -> float | None:
        """How many times the smallest class's training samples the largest has."""
        there = [count for count in self.contents["train"].counts if count]
        return max(there) / min(there) if there else None

    def warnings(self) -> list[str]:
        """What somebody who is about to train on it would want to know."""
        found = []
        for split in SPLITS:
            words = "training" if split == "train" else "test"
            contents = self.contents[split]
            missing, again = self.empty_classes[split], getattr(self.duplicates, split)
            if not contents.samples:
                found.append(f"there are no {words} samples")
            elif missing:
                found.append(f"classes without {words} samples: {', '.join(missing)}")
            if again:
                found.append(f"{again} {words} samples are the same as an earlier one")
        if self.duplicates.between:
            found.append(
                f"{self.duplicates.between} test samples are training samples too: models will "
                "look better than they are"
            )
        if (self.imbalance or 0) >= IMBALANCE:
            found.append(
                f"the largest class has {self.imbalance:.1f} times the training samples of the "
                "smallest"
            )
        return found


def empty(classes: int) -> Mapping[Split, Contents]:
    """The contents of a dataset to which nothing was added yet."""
    return {split: Contents((), (0,) * classes) for split in SPLITS}


@dataclass(frozen=True)
class DatasetLimits:
    """The largest dataset that is taken.

    Attributes:
        bytes: Of its samples, unpacked, a byte a number.
        samples: How many.
        classes: How many.
        pixels: Of an image before it is prepared.
    """

    bytes: int
    samples: int
    classes: int
    pixels: int
