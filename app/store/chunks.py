"""Chunks of samples as bytes, and what identifies a sample.

A chunk is its labels (int32, little-endian), then its images, a byte a number. How many there are
and of what shape is for the dataset to say.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Shape

_LABEL = np.dtype("<i4")


@dataclass(frozen=True)
class Examples:
    """Some samples: images (samples, *shape) of bytes, labels (samples,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """What they take in memory."""
        return self.images.nbytes + self.labels.nbytes


def pack(examples: Examples) -> bytes:
    return examples.labels.astype(_LABEL).tobytes() + examples.images.tobytes()


def unpack(content: bytes, samples: int, shape: Shape) -> Examples:
    """What `pack` was given; the images are the very bytes, not a copy."""
    labels = np.frombuffer(content, _LABEL, samples)
    images = np.frombuffer(content, np.uint8, samples * math.prod(shape), labels.nbytes)
    return Examples(images.reshape(samples, *shape), labels.astype(np.int64))


def join(parts: Sequence[Examples], shape: Shape) -> Examples:
    """All of them, in their order; a single one is not copied."""
    if len(parts) == 1:
        return parts[0]
    images = [np.empty((0, *shape), np.uint8), *(part.images for part in parts)]
    labels = [np.empty(0, np.int64), *(part.labels for part in parts)]
    return Examples(np.concatenate(images), np.concatenate(labels))


def extend(digest: str, examples: Examples) -> str:
    """The digest of a split with more samples at its end."""
    link = bytes.fromhex(digest)
    for image, label in zip(examples.images, examples.labels.tolist(), strict=True):
        link = hashlib.sha256(link + label.to_bytes(4, "little") + _hash(image)).digest()
    return link.hex()


def fingerprints(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64 bits of each image's hash: enough to find the same image again among millions."""
    return np.frombuffer(b"".join(_hash(image)[:8] for image in images), "<u8").astype(np.uint64)


def _hash(image: NDArray[np.uint8]) -> bytes:
    return hashlib.sha256(image.tobytes()).digest()
