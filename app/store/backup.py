"""Backups: everything in one SQLite file, whatever database and storage it comes from or goes to.

What can be made again is left out: the queue (unfinished jobs are put into it again), trainers and
the objects' keys (their content is in the file).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from app.store.blobs import Blob, Blobs, CorruptBlob, put
from app.store.database import Database
from app.store.tables import blobs, jobs, metadata, models, objects, trainers

BATCH = 200

_COPIED = [table for table in metadata.sorted_tables if table not in (trainers, objects, blobs)]
"""In the order in which rows may refer to each other."""


class NotEmpty(Exception):
    """There is something already where a backup was to be restored."""


def write(source: Database, stored: Blobs, path: Path) -> dict[str, int]:
    """Copy everything into a new file, as it is at one moment; how many rows of each table.

    Raises:
        FileExistsError: There is such a file.
        OSError: The file cannot be written.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    with TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        file = Path(folder) / "backup.db"
        target = Database(f"sqlite:///{file}")
        target.migrate()
        with source.snapshot() as connection, target.writing() as copy:
            counts = _copy(connection, copy)
            counts["blobs"] = _fetch(connection, copy, stored)
        target.close()
        file.chmod(0o600)
        file.rename(path)
    return counts


def _copy(connection: sa.Connection, copy: sa.Connection) -> dict[str, int]:
    counts = {}
    for table in _COPIED:
        counts[table.name] = 0
        for rows in connection.execute(sa.select(table)).mappings().partitions(BATCH):
            copy.execute(table.insert(), [dict(row) for row in rows])
            counts[table.name] += len(rows)
    return counts


def _fetch(connection: sa.Connection, copy: sa.Connection, stored: Blobs) -> int:
    """Copy the blobs that the copied rows name.

    An object may be replaced while the copy is made. A job whose checkpoint was is begun anew by
    the restored service, and comes to the same; a model whose weights are gone was deleted.
    """
    checkpoints = sa.select(jobs.c.checkpoint_sha256).where(jobs.c.checkpoint_sha256.is_not(None))
    needed = copy.execute(checkpoints.union(sa.select(models.c.sha256))).scalars().all()
    count = 0
    for sha256 in needed:
        try:
            content = stored.get(connection, sha256)
        except CorruptBlob:
            gone = jobs.update().where(jobs.c.checkpoint_sha256 == sha256)
            copy.execute(gone.values(checkpoint_sha256=None))
            copy.execute(models.delete().where(models.c.sha256 == sha256))
            continue
        put(copy, Blob(sha256, content, None))
        count += 1
    return count


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
    for table in (*_COPIED, blobs, objects):
        if connection.execute(sa.select(table).limit(1)).first() is not None:
            raise NotEmpty(f"the database has {table.name} already; restore into an empty one")
    with source.snapshot() as backup:
        counts = _copy(backup, connection)
        counts["blobs"] = 0
        for sha256 in backup.execute(sa.select(blobs.c.sha256)).scalars().all():
            put(connection, stored.upload(Blobs().get(backup, sha256)))
            counts["blobs"] += 1
    return counts
