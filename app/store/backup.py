"""Backups: everything in one SQLite file, whatever database and storage it comes from or goes to.

What can be made again is left out: the queue (unfinished jobs are put into it again), trainers, the
objects' keys (their content is in the file) and the service's id, which names it alone.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from app.store.blobs import Blob, Blobs, CorruptBlob, needed, put
from app.store.database import Database, be_patient
from app.store.tables import (
    aliases,
    blobs,
    dataset_chunks,
    datasets,
    jobs,
    metadata,
    models,
    objects,
    service,
    trainers,
)

BATCH = 200

_COPIED = [
    table for table in metadata.sorted_tables if table not in (service, trainers, objects, blobs)
]
"""In the order in which rows may refer to each other."""


class NotEmpty(Exception):
    """There is something already where a backup was to be restored."""


def write(source: Database, stored: Blobs, path: Path) -> dict[str, int]:
    """Copy everything into a new file, as it is at one moment; how many rows of each table.

    Raises:
        FileExistsError: There is such a file.
        OSError: The file cannot be written.
        CorruptBlob: Something that is needed is missing or was changed.
        ArtifactsAway: The storage does not answer.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    with TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        file = Path(folder) / "backup.db"
        target = Database(f"sqlite:///{file}")
        target.migrate()
        with _still(source, Path(folder)) as connection, target.writing() as copy:
            _copy(connection, copy)
            _fetch(connection, copy, stored, source)
            counts = _count(copy)
        target.close()
        file.chmod(0o600)
        file.rename(path)
    return counts


@contextmanager
def _still(source: Database, folder: Path) -> Iterator[sa.Connection]:
    """A database as it is at one moment, without holding up who writes to it for long."""
    if not source.is_sqlite:
        with source.snapshot() as connection:
            yield connection
        return
    with source.engine.connect() as connection, closing(sqlite3.connect(folder / "copy")) as file:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - it is SQLite's
        driver.backup(file)
    copy = Database(f"sqlite:///{folder / 'copy'}")
    try:
        with copy.reading() as connection:
            yield connection
    finally:
        copy.close()


def _copy(connection: sa.Connection, copy: sa.Connection) -> None:
    for table in _COPIED:
        rows = connection.execute(sa.select(table), execution_options={"yield_per": BATCH})
        for part in rows.mappings().partitions():
            copy.execute(table.insert(), [dict(row) for row in part])


def _count(connection: sa.Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for table in (*_COPIED, blobs)
    }


def _fetch(connection: sa.Connection, copy: sa.Connection, stored: Blobs, source: Database) -> None:
    """Copy the blobs that the copied rows name.

    An object may be removed while the copy is made, because what named it is gone. A job whose
    checkpoint was replaced begins anew in the restored service, and comes to the same; a model
    that was deleted is left out with its aliases, which had moved on, and so is a dataset.
    """
    for sha256 in sorted(needed(copy)):
        try:
            content = stored.get(connection, sha256)
        except CorruptBlob:
            with source.reading() as now:
                if sha256 in needed(now):
                    raise
            _leave_out(copy, sha256)
            continue
        put(copy, Blob(sha256, content, None))


def _leave_out(copy: sa.Connection, sha256: str) -> None:
    begun = jobs.update().where(jobs.c.checkpoint_sha256 == sha256)
    copy.execute(begun.values(checkpoint_sha256=None))
    unfamiliar = models.update().where(models.c.familiarity_sha256 == sha256)
    copy.execute(unfamiliar.values(familiarity_sha256=None))
    gone = sa.select(models.c.id).where(models.c.sha256 == sha256)
    copy.execute(aliases.delete().where(aliases.c.model_id.in_(gone)))
    copy.execute(models.delete().where(models.c.sha256 == sha256))
    without = sa.select(dataset_chunks.c.dataset_id).where(dataset_chunks.c.sha256 == sha256)
    copy.execute(datasets.delete().where(datasets.c.id.in_(without)))


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A backup's content, brought to this version's schema; the file itself is not touched.

    Raises:
        OSError: The file cannot be read.
        NoDatabase: It is no backup.
        SchemaTooNew: A newer version of this program wrote it.
    """
    with TemporaryDirectory(prefix="mnistry-restore-") as folder:
        copy = Path(folder) / "backup.db"
        shutil.copyfile(path, copy)
        database = Database(f"sqlite:///{copy}")
        try:
            database.migrate()
            yield database
        finally:
            database.close()


def read(source: Database, stored: Blobs, connection: sa.Connection) -> dict[str, int]:
    """Copy a backup's content into an empty database, in the connection's transaction.

    Raises:
        NotEmpty: There is something in the database.
        CorruptBlob: The backup is damaged.
    """
    be_patient(connection)
    for table in (*_COPIED, blobs, objects):
        if connection.execute(sa.select(table).limit(1)).first() is not None:
            raise NotEmpty(f"the database has {table.name} already; restore into an empty one")
    with source.reading() as backup:
        _copy(backup, connection)
        for sha256 in backup.execute(sa.select(blobs.c.sha256)).scalars().all():
            put(connection, stored.upload(Blobs().get(backup, sha256)))
        return _count(backup)
