"""Datasets as MNIST was published: four IDX files, here in one zip, each gzipped or not.

An IDX file is a magic number (two zeros, the type, the number of axes), the sizes, big-endian, and
the bytes.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.datasets import SPLITS, DatasetLimits, Split
from app.domain.errors import UnusableFile
from app.formats.archive import Archive
from app.formats.dataset import (
    Incoming,
    Upload,
    check_size,
    numbered_classes,
    rows,
    same_length,
)
from app.formats.npy import Stream
from engine.arrays import Shape

_NAME = re.compile(r"(?P<split>train|t10k|test)-(?P<part>images|labels)[-.]idx[13]-ubyte(\.gz)?$")
_SPLITS: dict[str, Split] = {"train": "train", "t10k": "test", "test": "test"}
_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTES = 8

Files = Mapping[tuple[Split, str], str]


def files(names: Sequence[str]) -> Files:
    """Which entries are the images and labels of which split; of others nothing is said."""
    found: dict[tuple[Split, str], str] = {}
    for name in names:
        match = None if _hidden(name) else _NAME.search(name)
        if match:
            found.setdefault((_SPLITS[match["split"]], match["part"]), name)
    return found


def _hidden(name: str) -> bool:
    """Whether it is what a Mac puts beside everything."""
    return "__MACOSX" in name or name.rpartition("/")[2].startswith(".")


def read(
    archive: Archive, found: Files, sent: Sequence[str] | None, limits: DatasetLimits
) -> Upload:
    """The dataset of four IDX files.

    Raises:
        UnusableFile: One is missing, or not what it should be.
    """
    for split in SPLITS:
        name = "train" if split == "train" else "t10k"
        for part, axes in (("images", 3), ("labels", 1)):
            if (split, part) not in found:
                raise UnusableFile(f"the archive has no {name}-{part}-idx{axes}-ubyte")
    labels = {
        name: _labels(archive, name, limits)
        for (_, part), name in found.items()
        if part == "labels"
    }
    classes = numbered_classes(labels, sent, limits)
    splits: dict[Split, Incoming] = {}
    shapes = []
    for split in SPLITS:
        images, labelled = found[split, "images"], found[split, "labels"]
        stream, (samples, *sides) = _opened(archive, images, axes=3)
        shape = (1, *sides)
        check_size(images, samples, shape, limits)
        same_length(images, labelled, samples, len(labels[labelled]))
        shapes.append(shape)
        splits[split] = Incoming(labels[labelled], _blocks(stream, images, samples, shape))
    if shapes[0] != shapes[1]:
        raise UnusableFile(f"training images are {shapes[0][1:]}, test images {shapes[1][1:]}")
    return Upload(shapes[0], classes, splits)


def _labels(archive: Archive, name: str, limits: DatasetLimits) -> NDArray[np.int64]:
    stream, (count,) = _opened(archive, name, axes=1)
    check_size(name, count, (1,), limits)
    content = _take(stream, name, count)
    _end(stream, name)
    return np.frombuffer(content, np.uint8).astype(np.int64)


def _blocks(stream: Stream, name: str, samples: int, shape: Shape) -> Iterator[NDArray[np.uint8]]:
    step = rows(shape)
    for first in range(0, samples, step):
        count = min(step, samples - first)
        content = _take(stream, name, count * int(np.prod(shape)))
        yield np.frombuffer(content, np.uint8).reshape(count, *shape)
    _end(stream, name)


def _opened(archive: Archive, name: str, *, axes: int) -> tuple[Stream, list[int]]:
    """A file behind its header, and the sizes that it claims."""
    packed = archive.open(name).read(2) == _GZIP
    entry = archive.open(name)
    stream: Stream = gzip.GzipFile(fileobj=cast(BinaryIO, entry)) if packed else entry
    magic = _take(stream, name, 4)
    expected = bytes((0, 0, _UNSIGNED_BYTES, axes))
    if magic != expected:
        raise UnusableFile(
            f"{name!r:.100} begins with 0x{magic.hex()}, expected 0x{expected.hex()}: unsigned "
            f"bytes along {axes} axes"
        )
    sizes = np.frombuffer(_take(stream, name, 4 * axes), ">u4").tolist()
    if 0 in sizes[1:]:
        raise UnusableFile(f"{name!r:.100} claims images of {sizes[1]}×{sizes[2]}")
    return stream, sizes


def _take(stream: Stream, name: str, size: int) -> bytes:
    content = _read(stream, name, size)
    if len(content) != size:
        raise UnusableFile(f"{name!r:.100} ends before it has what its header claims")
    return content


def _end(stream: Stream, name: str) -> None:
    if _read(stream, name, 1):
        raise UnusableFile(f"{name!r:.100} goes on after what its header claims")


def _read(stream: Stream, name: str, size: int) -> bytes:
    try:
        return stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableFile(f"{name!r:.100} is not gzip that can be read: {error}") from error
