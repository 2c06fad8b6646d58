"""Datasets: make them of files, of other datasets or of nothing, add samples, delete them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.children import read_dataset
from app.children.readers import Readers
from app.domain import clock, ids
from app.domain.dataset_requests import DatasetRequest
from app.domain.datasets import (
    NOTHING,
    SPLITS,
    Chunk,
    Contents,
    Dataset,
    DatasetLimits,
    Duplicates,
    Split,
    empty,
)
from app.domain.errors import InvalidInput, NotFound, StateConflict
from app.domain.records import Json
from app.formats.dataset import Incoming, Upload
from app.services.samples import new_chunk
from app.store import chunks, datasets
from app.store.blobs import Blobs
from app.store.chunks import Examples
from app.store.database import Connection
from app.store.datasets import NewChunk
from app.store.mnist import MNIST


@dataclass(frozen=True)
class Draft:
    """A dataset of a file, all of it checked, before it has a name."""

    dataset: Dataset
    chunks: Sequence[NewChunk]


def read(
    readers: Readers,
    file: BinaryIO,
    classes: Sequence[str] | None,
    stored: Blobs,
    limits: DatasetLimits,
) -> Draft:
    """The dataset in a file that came from anybody; its chunks are uploaded on the way.

    Raises:
        InvalidInput: What was sent beside the file does not fit it.
        UnusableFile: It is no dataset; the text says which entry is wrong.
        Overloaded: Too many files are being read.
    """
    with read_dataset.opened(readers, file, classes, limits) as upload:
        return _draft(upload, stored)


def _draft(upload: Upload, stored: Blobs) -> Draft:
    contents: dict[Split, Contents] = {}
    prints: dict[Split, NDArray[np.uint64]] = {}
    made: list[NewChunk] = []
    for split in SPLITS:
        own = _chunks(upload.splits[split], stored)
        counts = np.bincount(upload.splits[split].labels, minlength=len(upload.classes))
        named = tuple(Chunk(new.blob.sha256, len(new.fingerprints)) for new, _ in own)
        digest = own[-1][1] if own else NOTHING
        contents[split] = Contents(named, tuple(counts.tolist()), digest)
        prints[split] = np.concatenate([np.empty(0, np.uint64), *(n.fingerprints for n, _ in own)])
        made += [new for new, _ in own]
    dataset = Dataset(
        id=ids.new_id("dst"),
        name="",
        created_at=clock.now(),
        sample_shape=upload.sample_shape,
        classes=list(upload.classes),
        version=1,
        contents=contents,
        duplicates=Duplicates(
            train=len(prints["train"]) - len(np.unique(prints["train"])),
            test=len(prints["test"]) - len(np.unique(prints["test"])),
            between=int(np.isin(prints["test"], prints["train"]).sum()),
        ),
    )
    return Draft(dataset, made)


def _chunks(incoming: Incoming, stored: Blobs) -> list[tuple[NewChunk, str]]:
    """A chunk of every block, with the digest of the split up to it."""
    made = []
    first, digest = 0, NOTHING
    for images in incoming.blocks:
        examples = Examples(images, incoming.labels[first : first + len(images)])
        digest = chunks.extend(digest, examples)
        made.append((new_chunk(examples, stored), digest))
        first += len(images)
    return made


def store(connection: Connection, draft: Draft, name: str) -> Dataset:
    """Keep a dataset under a name.

    Raises:
        StateConflict: There is one of that name.
    """
    _check_new(connection, name)
    dataset = replace(draft.dataset, name=name)
    datasets.insert(connection, dataset, draft.chunks)
    return dataset


def create(connection: Connection, request: DatasetRequest, limits: DatasetLimits) -> Dataset:
    """Make a dataset without samples, or a copy of another.

    Raises:
        InvalidInput: Something is missing or too much, or there is no dataset to copy.
        StateConflict: There is one of that name.
    """
    request.check()
    _check_new(connection, request.name)
    own: Json = {"id": ids.new_id("dst"), "name": request.name, "created_at": clock.now()}
    if request.source is not None:
        source = datasets.hold(connection, request.source)
        if source is None:
            msg = f"there is no dataset {request.source!r}"
            raise InvalidInput.at(("from",), msg, "unknown_dataset")
        copied = replace(source, version=1, **own)
        datasets.copy(connection, source, copied)
        return copied
    assert request.classes is not None  # noqa: S101 - the request was checked
    assert request.sample_shape is not None  # noqa: S101 - the same
    if len(request.classes) > limits.classes:
        msg = f"at most {limits.classes} classes are taken, got {len(request.classes)}"
        raise InvalidInput.at(("classes",), msg, "too_many_classes")
    dataset = Dataset(
        sample_shape=tuple(request.sample_shape),
        classes=request.classes,
        version=1,
        contents=empty(len(request.classes)),
        **own,
    )
    datasets.insert(connection, dataset, [])
    return dataset


def _check_new(connection: Connection, name: str) -> None:
    if datasets.get(connection, name) is not None:
        raise StateConflict(f"there is a dataset {name!r} already; choose another name")


def find(connection: Connection, name: str) -> Dataset:
    """A dataset, or NotFound."""
    dataset = datasets.get(connection, name)
    if dataset is None:
        raise NotFound("dataset", name)
    return dataset


def check_own(name: str) -> None:
    """Refuse to change MNIST."""
    if name == MNIST.name:
        copy = f'{{"name": ..., "from": "{name}"}}'
        raise StateConflict(f"{name} is read-only; a copy is not: POST /v1/datasets {copy}")


def hold_own(connection: Connection, name: str) -> Dataset:
    """A dataset that nobody else changes until the transaction ends.

    Raises:
        NotFound: There is none.
        StateConflict: It is MNIST, which nobody changes.
    """
    check_own(name)
    dataset = datasets.hold(connection, name)
    if dataset is None:
        raise NotFound("dataset", name)
    return dataset


def delete(connection: Connection, name: str) -> None:
    """Remove a dataset that no unfinished job needs; receipts and models keep its name and hash.

    Raises:
        StateConflict: A job needs it.
    """
    dataset = hold_own(connection, name)
    needing = datasets.users(connection, name)
    if needing:
        some = ", ".join(needing[:5])
        raise StateConflict(f"dataset {name!r} is needed by {some}; cancel what is not")
    datasets.delete(connection, dataset)
