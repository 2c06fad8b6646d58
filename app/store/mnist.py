"""MNIST, which comes with the package.

The files are IDX (yann.lecun.com's format: a magic number, the sizes, then the bytes), gzipped, and
are checked against the SHA-256 that was published for their content.
"""

import gzip
import hashlib
import zlib
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from app.domain.datasets import Chunk, Contents, Dataset, Split
from app.store.chunks import Examples, fingerprints

_FILES = {
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

_DIGITS = [str(digit) for digit in range(10)]
_TRAIN_COUNTS = (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949)
_TEST_COUNTS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)

MNIST = Dataset(
    id="dst_mnist",
    name="mnist",
    created_at="1998-11-01T00:00:00.000000Z",
    sample_shape=(1, 28, 28),
    classes=_DIGITS,
    version=1,
    contents={
        "train": Contents(
            (Chunk(None, sum(_TRAIN_COUNTS)),),
            _TRAIN_COUNTS,
            "b2c700549a519ebd0a53d0ed7a2badf1774f2b9ac9ceed2821cc620b7f83fcf4",
        ),
        "test": Contents(
            (Chunk(None, sum(_TEST_COUNTS)),),
            _TEST_COUNTS,
            "5e5dcc3575f4347f5328eb38ca889f35a5edae011b11b9fde768a31a31fc2bd8",
        ),
    },
)
"""Its digests and that it has no duplicates are what a look at its samples gives; a test looks."""


class CorruptDataset(Exception):
    """A dataset's file is missing, or not what was published."""


@lru_cache(maxsize=2)
def read(split: Split) -> Examples:
    """One split, kept in memory once it was read.

    Raises:
        CorruptDataset: A file is missing, or not what was published.
    """
    images = _unpack(*_FILES[split, "images"])[16:].reshape(-1, *MNIST.sample_shape)
    labels = _unpack(*_FILES[split, "labels"])[8:].astype(np.int64)
    return Examples(images, labels)


@lru_cache(maxsize=2)
def known(split: Split) -> NDArray[np.uint64]:
    """The fingerprint of every sample."""
    return fingerprints(read(split).images)


def _unpack(name: str, sha256: str) -> NDArray[np.uint8]:
    try:
        packed = (files("app") / "data" / "mnist" / f"{name}.gz").read_bytes()
        content = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise CorruptDataset(f"{name} of dataset mnist is missing or damaged") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise CorruptDataset(f"{name} of dataset mnist was changed")
    return np.frombuffer(content, np.uint8)
