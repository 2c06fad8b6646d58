"""Datasets: MNIST, which comes with the package.

The files are IDX (yann.lecun.com's format: a magic number, the sizes, then the bytes), gzipped, and
are checked against the SHA-256 that was published for their content.
"""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "test"]

_MNIST = {
    ("train", "images"): (
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    ("train", "labels"): (
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    ("test", "images"): (
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    ("test", "labels"): (
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


class CorruptDataset(Exception):
    """A dataset's file is missing, or not what was published."""


@dataclass(frozen=True)
class Examples:
    """One split: images (samples, channels, height, width) of bytes, labels (samples,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset without reading it."""

    name: str
    sample_shape: tuple[int, ...]
    classes: list[str]
    train_samples: int
    test_samples: int
    class_counts: dict[Split, dict[str, int]]
    version: int
    sha256: str


_DIGITS = [str(digit) for digit in range(10)]
_TRAIN_COUNTS = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
_TEST_COUNTS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)

MNIST = Dataset(
    name="mnist",
    sample_shape=(1, 28, 28),
    classes=_DIGITS,
    train_samples=sum(_TRAIN_COUNTS),
    test_samples=sum(_TEST_COUNTS),
    class_counts={
        "train": dict(zip(_DIGITS, _TRAIN_COUNTS, strict=True)),
        "test": dict(zip(_DIGITS, _TEST_COUNTS, strict=True)),
    },
    version=1,
    sha256=hashlib.sha256("".join(sha for _, sha in _MNIST.values()).encode()).hexdigest(),
)


def get(name: str) -> Dataset | None:
    return MNIST if name == MNIST.name else None


def all_of_them() -> list[Dataset]:
    return [MNIST]


@lru_cache(maxsize=2)
def read(name: str, split: Split) -> Examples:
    """One split of a dataset, kept in memory once it was read.

    Raises:
        CorruptDataset: A file is missing, or not what was published.
    """
    assert name == MNIST.name  # noqa: S101 - there is no other
    images = _unpack(*_MNIST[split, "images"])[16:].reshape(-1, *MNIST.sample_shape)
    labels = _unpack(*_MNIST[split, "labels"])[8:].astype(np.int64)
    return Examples(images, labels)


def _unpack(name: str, sha256: str) -> NDArray[np.uint8]:
    try:
        packed = (files("app") / "data" / "mnist" / f"{name}.gz").read_bytes()
        content = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise CorruptDataset(f"{name} of dataset mnist is missing or damaged") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CorruptDataset(f"{name} of dataset mnist was changed")
    return np.frombuffer(content, np.uint8)
