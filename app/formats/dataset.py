"""Datasets as files: what every form becomes, and what is checked of all of them.

A reader gives the labels at once and the images a block at a time, so that a dataset is never in
memory as often as it has steps on its way. Nothing in a file is believed: sizes are read before
there is anything of that size, and every number is looked at.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.datasets import CHUNK_BYTES, DatasetLimits, Split
from app.domain.errors import UnusableFile
from app.formats.archive import Bounds
from engine.arrays import Shape

ReadImage = Callable[[bytes], NDArray[np.uint8]]
"""An encoded image as MNIST has it, (28, 28); what it cannot read it refuses as UnusableImage."""

_WIDEST = 8
"""Bytes of the widest number that becomes one byte."""


@dataclass(frozen=True)
class Incoming:
    """A split on its way in: its labels, and its images a block at a time, to be read once."""

    labels: NDArray[np.int64]
    blocks: Iterator[NDArray[np.uint8]]


@dataclass(frozen=True)
class Upload:
    """A dataset on its way in; what is wrong with its images shows when they are read."""

    sample_shape: Shape
    classes: Sequence[str]
    splits: Mapping[Split, Incoming]


def bounds(limits: DatasetLimits) -> Bounds:
    """The archive of the largest dataset: MNIST as one image a file is 70,000 of them."""
    return Bounds(
        entries=100_000,
        directory=12 * 2**20,
        unpacked=_WIDEST * limits.bytes + 2**20,
        ratio=100,
        harmless=2**26,
    )


def rows(shape: Shape) -> int:
    """How many samples of a shape are a block."""
    return max(1, CHUNK_BYTES // int(np.prod(shape)))


def check_size(name: str, samples: int, shape: Shape, limits: DatasetLimits) -> None:
    """Refuse what claims to be too large, before it is read."""
    size = int(np.prod(shape, dtype=object))
    if size > CHUNK_BYTES:
        raise UnusableFile(f"{name}: a sample has at most {CHUNK_BYTES:,} numbers, got {size:,}")
    if samples > limits.samples or samples * size > limits.bytes:
        raise UnusableFile(
            f"{name} has {samples:,} samples of {list(shape)} = {samples * size:,} bytes; at most "
            f"{limits.samples:,} samples and {limits.bytes:,} bytes are taken"
        )


def numbered_classes(
    labels: Mapping[str, NDArray[np.int64]], sent: Sequence[str] | None, limits: DatasetLimits
) -> list[str]:
    """The names of numbered classes: as sent, else the digits, else as many numbers as there are.

    Args:
        labels: By the name of the array or file that they are of.
        sent: What the client calls them.
        limits: The most classes.

    Raises:
        UnusableFile: A label has no class.
    """
    largest = max((int(values.max()) for values in labels.values() if len(values)), default=0)
    classes = sent or [str(k) for k in range(max(10, min(largest + 1, limits.classes)))]
    if len(classes) > limits.classes:
        raise UnusableFile(f"at most {limits.classes} classes are taken, got {len(classes)}")
    for name, values in labels.items():
        wrong = np.flatnonzero((values < 0) | (values >= len(classes)))
        if len(wrong):
            raise UnusableFile(
                f"{name}: label {int(values[wrong[0]])} of sample {int(wrong[0])} is none of the "
                f"{len(classes)} classes, which are numbered from 0"
            )
    return list(classes)


def same_length(images: str, labels: str, samples: int, labelled: int) -> None:
    """Refuse images and labels that are not as many."""
    if samples != labelled:
        raise UnusableFile(f"{images} has {samples} samples, {labels} has {labelled} labels")
