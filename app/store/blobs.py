"""Bytes by the SHA-256 of their content: weights and checkpoints, never changed once written."""

import hashlib
import json

import sqlalchemy as sa

from app.store.tables import blobs, jobs, models


class CorruptBlob(Exception):
    """What is stored is not what was written."""


def put(connection: sa.Connection, content: bytes) -> str:
    """Store `content`, unless it is there already; its SHA-256."""
    sha256 = hashlib.sha256(content).hexdigest()
    present = connection.execute(sa.select(blobs.c.sha256).where(blobs.c.sha256 == sha256))
    if present.first() is None:
        connection.execute(blobs.insert().values(sha256=sha256, content=content))
    return sha256


def sha256_of_json(value: object) -> str:
    """The SHA-256 of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def get(connection: sa.Connection, sha256: str) -> bytes:
    """The content, checked.

    Raises:
        CorruptBlob: It is missing or was changed.
    """
    row = connection.execute(sa.select(blobs.c.content).where(blobs.c.sha256 == sha256)).first()
    if row is None or hashlib.sha256(row.content).hexdigest() != sha256:
        raise CorruptBlob(f"blob {sha256} is missing or was changed")
    content: bytes = row.content
    return content


def delete_unused(connection: sa.Connection, sha256: str | None) -> None:
    """Remove a blob that no job and no model names any more."""
    if sha256 is None:
        return
    used = sa.or_(
        sa.exists().where(jobs.c.checkpoint_sha256 == sha256),
        sa.exists().where(models.c.sha256 == sha256),
    )
    connection.execute(blobs.delete().where(blobs.c.sha256 == sha256, sa.not_(used)))
