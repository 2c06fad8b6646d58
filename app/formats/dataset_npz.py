"""Datasets as npz, as Keras' MNIST is: x_train, y_train, x_test and y_test."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.datasets import DatasetLimits, Split
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
from app.formats.npy import Header, Stream, header
from engine.arrays import Shape

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_PARTS: dict[Split, tuple[str, str]] = {
    "train": ("x_train", "y_train"),
    "test": ("x_test", "y_test"),
}
_FLAT = 784
_COLOURS = (1, 3)


def read(archive: Archive, sent: Sequence[str] | None, limits: DatasetLimits) -> Upload:
    """The dataset of an npz.

    Raises:
        UnusableFile: An array is missing, or not what it should be.
    """
    names = archive.names
    for name in ARRAYS:
        if f"{name}.npy" not in names:
            raise UnusableFile(
                f"the npz has no array {name}; expected {', '.join(ARRAYS)}, got "
                f"{', '.join(n.removesuffix('.npy') for n in names)[:200] or 'none'}"
            )
    labels = {y: _labels(archive, y, limits) for _, y in _PARTS.values()}
    classes = numbered_classes(labels, sent, limits)
    splits: dict[Split, Incoming] = {}
    shapes = {}
    for split, (x, y) in _PARTS.items():
        images = _Images(archive, x, limits)
        same_length(x, y, images.samples, len(labels[y]))
        shapes[x] = images.sample_shape
        splits[split] = Incoming(labels[y], images.blocks())
    if len(set(shapes.values())) != 1:
        train, test = (list(shape) for shape in shapes.values())
        raise UnusableFile(f"x_train has samples of shape {train}, x_test of {test}")
    return Upload(shapes["x_train"], classes, splits)


def _labels(archive: Archive, name: str, limits: DatasetLimits) -> NDArray[np.int64]:
    stream = archive.open(f"{name}.npy")
    shape, _, dtype = header(stream, name)
    if dtype.kind not in "iu":
        raise UnusableFile(f"{name} holds {dtype!s:.100}, expected integers: the classes' numbers")
    if len(shape) != 1 and shape[1:] != (1,):
        raise UnusableFile(f"{name} has shape {list(shape)[:8]}, expected one number a sample")
    check_size(name, shape[0], (1,), limits)
    content = _exactly(stream, name, shape[0] * dtype.itemsize)
    values = np.frombuffer(content, dtype)
    largest = np.iinfo(np.int32).max
    return np.minimum(values, largest).astype(np.int64)


class _Images:
    """An array of images: its header at once, its numbers when they are asked for."""

    def __init__(self, archive: Archive, name: str, limits: DatasetLimits) -> None:
        self._name = name
        self._stream = archive.open(f"{name}.npy")
        self._header = header(self._stream, name)
        _check_kind(name, self._header)
        self.sample_shape, self._colours_last = _layout(name, self._header.shape)
        self.samples = self._header.shape[0]
        check_size(name, self.samples, self.sample_shape, limits)

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        dtype = self._header.dtype
        size = int(np.prod(self.sample_shape)) * dtype.itemsize
        step = rows(self.sample_shape)
        for first in range(0, self.samples, step):
            count = min(step, self.samples - first)
            content = self._stream.read(count * size)
            if len(content) != count * size:
                raise UnusableFile(
                    f"{self._name} ends in sample {first + len(content) // size} of {self.samples}"
                )
            values = np.frombuffer(content, dtype).reshape(count, *self._header.shape[1:])
            if self._colours_last:
                values = np.moveaxis(values, -1, 1)
            yield _levels(self._name, values, first).reshape(count, *self.sample_shape)
        _exactly(self._stream, self._name, 0)


def _check_kind(name: str, found: Header) -> None:
    if found.dtype.kind not in "iuf" or found.dtype.itemsize > 8:
        raise UnusableFile(
            f"{name} holds {found.dtype!s:.100}, expected integers 0..255 or floats 0..1"
        )
    if found.by_columns and len(found.shape) > 1:
        raise UnusableFile(f"{name} is in Fortran order; save np.ascontiguousarray of it")


def _layout(name: str, shape: Shape) -> tuple[Shape, bool]:
    """The shape of a sample as [channels, height, width], and whether its colours come last."""
    own = tuple(shape[1:])
    if min(own, default=0) >= 1:
        if own == (_FLAT,):
            return (1, 28, 28), False
        if len(own) == 2:
            return (1, *own), False
        if len(own) == 3 and own[2] in _COLOURS and own[0] not in _COLOURS:
            return (own[2], *own[:2]), True
        if len(own) == 3:
            return own, False
    raise UnusableFile(
        f"{name} has shape {list(shape)[:8]}, expected (samples, height, width), (samples, "
        f"channels, height, width) or (samples, {_FLAT})"
    )


def _levels(name: str, values: NDArray[np.generic], first: int) -> NDArray[np.uint8]:
    """Numbers as levels 0..255."""
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, np.uint8)
    white = 1 if values.dtype.kind == "f" else 255
    numbers: NDArray[np.floating] = np.asarray(values)  # or integers
    good = ((numbers >= 0) & (numbers <= white)).reshape(len(values), -1).all(axis=1)
    if not good.all():
        where = int(np.argmin(good))
        raise UnusableFile(
            f"{name}: sample {first + where} has numbers that are not in 0..{white}, as "
            f"{values.dtype.name} has to be; integers are 0..255, floats 0..1"
        )
    if white == 255:
        return numbers.astype(np.uint8)
    return np.rint(numbers * numbers.dtype.type(255)).astype(np.uint8)


def _exactly(stream: Stream, name: str, size: int) -> bytes:
    """The last bytes of an entry, which are as many as its header claims; they are checked."""
    content = stream.read(size + 1)
    if len(content) != size:
        raise UnusableFile(f"{name} does not hold as many bytes as its header claims")
    return content
