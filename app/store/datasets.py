"""Datasets and their versions; MNIST is one that has no row and one version.

All versions of a dataset are kept as long as it is there, so what a job was submitted with is what
it trains on. Deleting it removes the chunks that no other dataset names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from app.domain.datasets import SPLITS, Chunk, Contents, Dataset, Duplicates, Split
from app.domain.jobs import ENDED
from app.domain.records import Json
from app.store import blobs, mnist, pages
from app.store.blobs import Blob
from app.store.mnist import MNIST
from app.store.tables import dataset_chunks, dataset_versions, datasets, jobs

PRINT = np.dtype("<u8")
"""A fingerprint as it is stored."""


@dataclass(frozen=True)
class NewChunk:
    """A chunk on its way into the store, with the fingerprint of each of its samples."""

    blob: Blob
    fingerprints: NDArray[np.uint64]


def insert(connection: sa.Connection, dataset: Dataset, chunks: Sequence[NewChunk]) -> None:
    """Store a new dataset with its first version."""
    row = {
        "id": dataset.id,
        "name": dataset.name,
        "created_at": dataset.created_at,
        "sample_shape": list(dataset.sample_shape),
        "classes": dataset.classes,
        "version": dataset.version,
    }
    connection.execute(datasets.insert().values(row))
    add_version(connection, dataset, chunks)


def add_version(connection: sa.Connection, dataset: Dataset, chunks: Sequence[NewChunk]) -> None:
    """Store what has become of a dataset; the caller holds it."""
    contents: Json = {split: _as_json(dataset.contents[split]) for split in SPLITS}
    row = {"dataset_id": dataset.id, "version": dataset.version, "sha256": dataset.sha256}
    connection.execute(
        dataset_versions.insert().values(
            **row, contents=contents, duplicates=dataset.duplicates._asdict()
        )
    )
    current = datasets.update().where(datasets.c.id == dataset.id)
    connection.execute(current.values(version=dataset.version))
    _name(connection, dataset.id, chunks)


def _name(connection: sa.Connection, dataset_id: str, chunks: Sequence[NewChunk]) -> None:
    """Put the chunks' blobs, in an order in which no two transactions wait for each other."""
    known = set(connection.execute(_chunks_of(dataset_id)).scalars())
    for chunk in sorted(chunks, key=lambda chunk: chunk.blob.sha256):
        blobs.put(connection, chunk.blob)
        if chunk.blob.sha256 in known:
            continue
        known.add(chunk.blob.sha256)
        prints = chunk.fingerprints.astype(PRINT).tobytes()
        row = {"dataset_id": dataset_id, "sha256": chunk.blob.sha256, "fingerprints": prints}
        connection.execute(dataset_chunks.insert().values(row))


def copy(connection: sa.Connection, source: Dataset, dataset: Dataset) -> None:
    """Store a dataset that shares another's chunks; the caller holds the source."""
    insert(connection, dataset, [])
    shared = sa.select(
        sa.literal(dataset.id), dataset_chunks.c.sha256, dataset_chunks.c.fingerprints
    ).where(dataset_chunks.c.dataset_id == source.id, dataset_chunks.c.sha256.in_(_named(dataset)))
    columns = ["dataset_id", "sha256", "fingerprints"]
    connection.execute(dataset_chunks.insert().from_select(columns, shared))


def get(connection: sa.Connection, name: str) -> Dataset | None:
    """The newest version of a dataset."""
    if name == MNIST.name:
        return MNIST
    return _one(connection, _newest().where(datasets.c.name == name))


def at(connection: sa.Connection, name: str, version: int, sha256: str) -> Dataset | None:
    """One version of a dataset; None too where another dataset goes by the name now."""
    if name == MNIST.name:
        return MNIST
    query = _versions().where(
        datasets.c.name == name,
        dataset_versions.c.version == version,
        dataset_versions.c.sha256 == sha256,
    )
    return _one(connection, query)


def of_job(connection: sa.Connection, config: Json) -> Dataset | None:
    """The version that a job learns; None where it was deleted."""
    return at(
        connection,
        config["dataset"],
        config.get("dataset_version", 1),
        config.get("dataset_sha256") or "",
    )


def hold(connection: sa.Connection, name: str) -> Dataset | None:
    """The newest version, which nobody else changes or deletes until the transaction ends."""
    connection.execute(sa.select(datasets.c.id).where(datasets.c.name == name).with_for_update())
    return get(connection, name)


def page(connection: sa.Connection, after: str | None, limit: int) -> pages.Page[Dataset]:
    """The datasets, newest first: MNIST is the oldest."""
    rows = pages.fetch(connection, _newest(), after, limit)
    found = [_dataset(row) for row in rows.records]
    if rows.next_id is None and len(found) < limit:
        return pages.Page([*found, MNIST], None)
    return pages.Page(found, found[-1].id)


def names(connection: sa.Connection, limit: int) -> list[str]:
    """Some names, for those who have mistaken one."""
    query = sa.select(datasets.c.name).order_by(datasets.c.id.desc()).limit(limit)
    return [MNIST.name, *connection.execute(query).scalars()]


def users(connection: sa.Connection, name: str) -> list[str]:
    """The ids of the unfinished jobs that need it."""
    query = sa.select(jobs.c.id).where(
        jobs.c.status.not_in(ENDED), jobs.c.config["dataset"].as_string() == name
    )
    return list(connection.execute(query).scalars())


def delete(connection: sa.Connection, dataset: Dataset) -> None:
    """Remove all versions, and the chunks that no other dataset has; the caller holds it."""
    chunks = connection.execute(_chunks_of(dataset.id)).scalars().all()
    connection.execute(datasets.delete().where(datasets.c.id == dataset.id))
    for sha256 in sorted(chunks):
        blobs.delete_unused(connection, sha256)


def fingerprints(connection: sa.Connection, dataset: Dataset, split: Split) -> NDArray[np.uint64]:
    """Those of all samples of a split, in their order."""
    chunks = dataset.contents[split].chunks
    query = sa.select(*dataset_chunks.c["sha256", "fingerprints"]).where(
        dataset_chunks.c.dataset_id == dataset.id,
        dataset_chunks.c.sha256.in_({chunk.sha256 for chunk in chunks if chunk.sha256}),
    )
    stored = {
        row.sha256: np.frombuffer(row.fingerprints, PRINT) for row in connection.execute(query)
    }
    parts = [mnist.known(split) if c.sha256 is None else stored[c.sha256] for c in chunks]
    return np.concatenate([np.empty(0, np.uint64), *parts])


def _named(dataset: Dataset) -> set[str]:
    """The blobs that a version is made of."""
    chunks = (chunk for split in SPLITS for chunk in dataset.contents[split].chunks)
    return {chunk.sha256 for chunk in chunks if chunk.sha256 is not None}


def _chunks_of(dataset_id: str) -> sa.Select[str]:
    return sa.select(dataset_chunks.c.sha256).where(dataset_chunks.c.dataset_id == dataset_id)


def _versions() -> sa.Select[Any]:
    return sa.select(
        *datasets.c["id", "name", "created_at", "sample_shape", "classes"],
        *dataset_versions.c["version", "contents", "duplicates"],
    ).join(dataset_versions, dataset_versions.c.dataset_id == datasets.c.id)


def _newest() -> sa.Select[Any]:
    return _versions().where(dataset_versions.c.version == datasets.c.version)


def _one(connection: sa.Connection, query: sa.Select[Any]) -> Dataset | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _dataset(row)


def _dataset(row: sa.RowMapping) -> Dataset:
    own: Json = {
        **row,
        "sample_shape": tuple(row["sample_shape"]),
        "contents": {split: _from_json(row["contents"][split]) for split in SPLITS},
        "duplicates": Duplicates(**row["duplicates"]),
    }
    return Dataset(**own)


def _as_json(contents: Contents) -> Json:
    return {"chunks": contents.chunks, "counts": contents.counts, "digest": contents.digest}


def _from_json(contents: Json) -> Contents:
    chunks = tuple(Chunk(*chunk) for chunk in contents["chunks"])
    return Contents(chunks, tuple(contents["counts"]), contents["digest"])
