"""One sample more: an image becomes a sample, and a dataset a new version."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.datasets import SPLITS, Chunk, Contents, Dataset, DatasetLimits, Split
from app.domain.errors import InvalidInput, Loc, StateConflict
from app.services.examples import ExampleReader
from app.store import chunks, datasets
from app.store.blobs import Blobs
from app.store.chunks import Examples
from app.store.database import Connection
from app.store.datasets import NewChunk
from app.vision.decode import Picture, decode, luminance, pixels
from app.vision.normalize import SIDE
from app.vision.prepare import prepare_picture
from app.vision.sample import levels
from engine.arrays import Shape


@dataclass(frozen=True)
class Prepared:
    """An image as a sample; `warnings` as predictions have them."""

    image: NDArray[np.uint8]
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class Addition:
    """A sample of a dataset that was looked at, uploaded as a chunk of its own.

    Attributes:
        dataset: The dataset, as it was.
        split: Where to put it.
        example: The sample.
        chunk: The same, uploaded.
        merge: Chunks that are many enough to become one, and that one; None: there are none.
    """

    dataset: Dataset
    split: Split
    example: Examples
    chunk: NewChunk
    merge: tuple[tuple[Chunk, ...], NewChunk] | None


def prepare(content: bytes, shape: Shape, max_pixels: int) -> Prepared:
    """An image as a sample of some shape: what is 28×28 as predictions see it, others unchanged.

    Raises:
        UnusableImage: It cannot be read, or nothing is drawn on it.
        InvalidInput: It is not of the dataset's size.
    """
    picture = pixels(decode(content, max_pixels=max_pixels))
    if int(np.prod(shape)) == SIDE**2:
        prepared = prepare_picture(picture)
        return Prepared(levels(prepared.image).reshape(shape), prepared.warnings)
    if len(shape) != 3 or shape[0] not in (1, 3) or picture.shape[:2] != shape[1:]:
        height, width = picture.shape[:2]
        msg = f"samples of this dataset have shape {list(shape)}, the image is {height}×{width}"
        raise InvalidInput.at(("file",), msg, "shape_mismatch")
    return Prepared(_channels(picture, shape))


def _channels(picture: Picture, shape: Shape) -> NDArray[np.uint8]:
    if shape[0] == 1:
        return levels(luminance(picture)).reshape(shape)
    colours = picture if picture.ndim == 3 else np.repeat(picture[..., np.newaxis], 3, axis=2)
    return levels(np.moveaxis(colours, -1, 0))


def class_number(dataset: Dataset, label: str, loc: Loc) -> int:
    """The number of a class, or InvalidInput at `loc`."""
    if label not in dataset.classes:
        known = ", ".join(dataset.classes)
        msg = f"unknown label {label[:100]!r}; known are {known[:500]}"
        raise InvalidInput.at(loc, msg, "unknown_label")
    return dataset.classes.index(label)


def addition(
    reader: ExampleReader,
    stored: Blobs,
    dataset: Dataset,
    split: Split,
    image: NDArray[np.uint8],
    label: int,
) -> Addition:
    """Whatever of adding a sample takes time, before anything is locked."""
    example = Examples(image[np.newaxis], np.array([label], np.int64))
    merge = None
    run = dataset.contents[split].mergeable(image.size)
    if run:
        together = chunks.join(reader.chunks(dataset, split, run), dataset.sample_shape)
        merge = (run, new_chunk(together, stored))
    return Addition(dataset, split, example, new_chunk(example, stored), merge)


def new_chunk(examples: Examples, stored: Blobs) -> NewChunk:
    """Samples as a chunk, uploaded."""
    return NewChunk(stored.upload(chunks.pack(examples)), chunks.fingerprints(examples.images))


def add(
    connection: Connection, held: Dataset, addition: Addition, limits: DatasetLimits
) -> tuple[Dataset, bool]:
    """Put a sample at the end of a split; the new version, and whether the image was there before.

    Args:
        connection: Its transaction has the dataset's lock.
        held: The dataset as it is now: others may have added to it since it was looked at.
        addition: What to add.
        limits: The largest dataset.

    Raises:
        StateConflict: The dataset is full, or another by now.
    """
    split = addition.split
    if held.id != addition.dataset.id:
        raise StateConflict(f"dataset {held.name!r} was deleted and made anew in this moment")
    if held.contents[split].samples >= limits.samples:
        raise StateConflict(f"dataset {held.name!r} has {limits.samples} samples, and is full")
    contents, new = _compacted(held.contents[split], addition)
    label = int(addition.example.labels[0])
    chunk = Chunk(addition.chunk.blob.sha256, 1)
    contents = contents.with_sample(chunk, label, chunks.extend(contents.digest, addition.example))
    (own,) = addition.chunk.fingerprints
    train, test = (
        int((datasets.fingerprints(connection, held, one) == own).sum()) for one in SPLITS
    )
    dataset = replace(
        held,
        version=held.version + 1,
        contents={**held.contents, split: contents},
        duplicates=held.duplicates.with_sample(split, train, test),
    )
    datasets.add_version(connection, dataset, new)
    return dataset, train + test > 0


def _compacted(contents: Contents, addition: Addition) -> tuple[Contents, list[NewChunk]]:
    """A split with fewer chunks, where these are still there; and what is new to be stored."""
    if addition.merge is not None:
        run, whole = addition.merge
        samples = sum(chunk.samples for chunk in run)
        merged = contents.merged(run, Chunk(whole.blob.sha256, samples))
        if merged is not None:
            return merged, [addition.chunk, whole]
    return contents, [addition.chunk]
