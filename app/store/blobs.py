"""Bytes by the SHA-256 of their content: weights, checkpoints, chunks of datasets, never changed.

They are in the database, so that one file is the whole state, or in object storage with a row for
each. Storing has two halves: `upload` before the transaction, which may take as long as a network
does, and `put` in it. What was uploaded and never put is removed by a sweep, a day later.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from app.store.database import Database, hold
from app.store.tables import blobs, dataset_chunks, jobs, models, objects, service

GRACE_SECONDS = 24 * 3600.0
"""So old is what no row names, before it is taken for left behind."""

SWEEP = 500
"""How many unused objects are removed at a time."""


class CorruptBlob(Exception):
    """What is stored is not what was written."""


class ArtifactsAway(Exception):
    """The object storage does not answer at present."""


class ObjectStorage(Protocol):
    """Where objects are; see `app/store/objects.py`."""

    def put(self, owner: str, content: bytes, sha256: str) -> str:
        """Store content below its owner's name; the key that was made for it."""

    def get(self, key: str) -> bytes:
        """The content of a key."""

    def is_there(self) -> bool:
        """Whether the storage answers."""

    def keys(self, owner: str, older_than: float) -> Iterator[list[str]]:
        """What an owner stored more than so many seconds ago, some at a time."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove keys."""


@dataclass(frozen=True)
class Blob:
    """Content on its way into the store; `key` where it is in object storage already."""

    sha256: str
    content: bytes
    key: str | None


@dataclass(frozen=True)
class Stored:
    """Where a blob is: its content, from the database, or its key."""

    sha256: str
    content: bytes | None
    key: str | None


class Blobs:
    """The blobs of a service.

    Args:
        storage: Where new ones are put; None: into the database. What is there is found in both.
        owner: The service's own id: what is below it in the storage is its alone to remove.
    """

    def __init__(self, storage: ObjectStorage | None = None, owner: str = "") -> None:
        self.storage = storage
        self.owner = owner

    def upload(self, content: bytes) -> Blob:
        """The first half of storing: all that takes time.

        Raises:
            ArtifactsAway: The storage does not answer.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        key = None if self.storage is None else self.storage.put(self.owner, content, sha256)
        return Blob(sha256, content, key)

    def get(self, connection: sa.Connection, sha256: str) -> bytes:
        """The content, checked.

        Raises:
            CorruptBlob: It is missing or was changed.
            ArtifactsAway: The storage does not answer.
        """
        return self.fetch(find(connection, sha256))

    def fetch(self, stored: Stored) -> bytes:
        """The content of what was found; needs no connection, for it may take a while.

        Raises:
            CorruptBlob: It is missing or was changed.
            ArtifactsAway: The storage does not answer.
        """
        content = stored.content
        if stored.key is not None:
            if self.storage is None:
                raise ArtifactsAway("a blob is in object storage, and none is configured")
            content = self.storage.get(stored.key)
        if content is None or hashlib.sha256(content).hexdigest() != stored.sha256:
            raise CorruptBlob(f"blob {stored.sha256} is missing or was changed")
        return content

    def sweep(self, database: Database, older_than: float = GRACE_SECONDS) -> int:
        """Remove the objects that no row ever named, once they are so old; how many."""
        if self.storage is None:
            return 0
        removed = 0
        for keys in self.storage.keys(self.owner, older_than):
            with database.reading() as connection:
                left = unnamed(connection, keys)
            self.storage.delete(left)
            removed += len(left)
        return removed

    def remove_unused(self, database: Database) -> int:
        """Remove the objects whose rows say that they are not needed any more; how many."""
        if self.storage is None:
            return 0
        with database.reading() as connection:
            query = sa.select(objects.c.key).where(objects.c.unused).limit(SWEEP)
            keys = list(connection.execute(query).scalars())
        if keys:
            self.storage.delete(keys)
            with database.writing() as connection:
                connection.execute(objects.delete().where(objects.c.key.in_(keys)))
        return len(keys)


def find(connection: sa.Connection, sha256: str) -> Stored:
    """Where a blob is, if it is anywhere."""
    query = sa.select(blobs.c.content).where(blobs.c.sha256 == sha256)
    content: bytes | None = connection.execute(query).scalar()
    key: str | None = None if content is not None else connection.execute(_key_of(sha256)).scalar()
    return Stored(sha256, content, key)


def owner(connection: sa.Connection) -> str:
    """The service's own id, made with its database."""
    return str(connection.execute(sa.select(service.c.id)).scalar_one())


def put(connection: sa.Connection, blob: Blob) -> None:
    """The second half of storing: name it, unless the same content is there already."""
    hold(connection, "blob", blob.sha256)
    stored = sa.select(blobs.c.sha256).where(blobs.c.sha256 == blob.sha256)
    for known in (stored, _key_of(blob.sha256)):
        if connection.execute(known).first() is not None:
            return
    if blob.key is None:
        connection.execute(blobs.insert().values(sha256=blob.sha256, content=blob.content))
        return
    row = {"key": blob.key, "sha256": blob.sha256, "size_bytes": len(blob.content)}
    connection.execute(objects.insert().values(unused=False, **row))


def delete_unused(connection: sa.Connection, sha256: str | None) -> None:
    """Remove a blob that nothing names any more; an object is left to the sweep."""
    if sha256 is None:
        return
    hold(connection, "blob", sha256)
    used = sa.or_(
        sa.exists().where(jobs.c.checkpoint_sha256 == sha256),
        sa.exists().where(models.c.sha256 == sha256),
        sa.exists().where(dataset_chunks.c.sha256 == sha256),
        sa.exists().where(models.c.familiarity_sha256 == sha256),
    )
    connection.execute(blobs.delete().where(blobs.c.sha256 == sha256, sa.not_(used)))
    unused = objects.update().where(objects.c.sha256 == sha256, sa.not_(used))
    connection.execute(unused.values(unused=True))


def needed(connection: sa.Connection) -> set[str]:
    """The blobs that jobs, models and datasets name."""
    names = (
        *(jobs.c.checkpoint_sha256, models.c.sha256, models.c.familiarity_sha256),
        dataset_chunks.c.sha256,
    )
    every = sa.union(*(sa.select(name).where(name.is_not(None)) for name in names))
    return set(connection.execute(every).scalars())


def unnamed(connection: sa.Connection, keys: Sequence[str]) -> list[str]:
    """Those of some keys that no row names."""
    named = set(
        connection.execute(sa.select(objects.c.key).where(objects.c.key.in_(keys))).scalars()
    )
    return [key for key in keys if key not in named]


def _key_of(sha256: str) -> sa.Select[str]:
    return sa.select(objects.c.key).where(objects.c.sha256 == sha256, sa.not_(objects.c.unused))


def sha256_of_json(value: object) -> str:
    """The SHA-256 of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
