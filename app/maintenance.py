"""What an operator asks for: a backup, its way back, and whether all is sound."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from app.settings import Settings
from app.startup import CannotStart, lock_directory
from app.storage import open_blobs, opened, prepare
from app.store import backup, fsck, jobs
from app.store.backup import NotEmpty
from app.store.blobs import CorruptBlob
from app.store.database import (
    Database,
    NoDatabase,
    SchemaTooNew,
)
from app.trainer.queue import Queue


def write_backup(settings: Settings, path: Path) -> Mapping[str, int]:
    """Write everything into one file, also beside a service that works; what is in it.

    Raises:
        CannotStart: There is nothing to back up, or nowhere to put it.
    """
    with opened(settings) as database:
        try:
            return backup.write(database, open_blobs(settings.artifacts_url, database), path)
        except OSError as error:
            raise CannotStart(f"cannot write {path}: {error.strerror or error}") from error
        except CorruptBlob as error:
            raise CannotStart(f"nothing was written: {error}; see fsck") from error


def restore(settings: Settings, path: Path) -> Mapping[str, int]:
    """Bring a backup into a new, empty service; unfinished jobs go on from their checkpoints.

    Raises:
        CannotStart: It is no backup, or there is something already.
    """
    with ExitStack() as stack:
        try:
            source = stack.enter_context(backup.opened(path))
        except (NoDatabase, SchemaTooNew) as error:
            raise CannotStart(f"{path} cannot be restored: {error}") from error
        except OSError as error:
            raise CannotStart(f"cannot read {path}: {error.strerror or error}") from error
        if settings.database_url is None:
            stack.enter_context(lock_directory(settings.data_dir))
        prepare(settings)
        database = Database(settings.url)
        stack.callback(database.close)
        try:
            return _restore(source, database, settings)
        except (NotEmpty, CorruptBlob) as error:
            raise CannotStart(str(error)) from error


def _restore(source: Database, database: Database, settings: Settings) -> Mapping[str, int]:
    queue = Queue(database)
    try:
        if not queue.is_new():
            raise NotEmpty("the database had jobs before; restore into an empty one")
        with database.writing() as connection:
            counts = backup.read(source, open_blobs(settings.artifacts_url, database), connection)
            for job in jobs.unfinished(connection):
                if job.status == "running":
                    reason = "restored from a backup; it goes on from its last checkpoint"
                    jobs.move(connection, job, "queued", reason)
                queue.enqueue(connection, job.id, job.turn)
        return counts
    finally:
        queue.close()


def check(settings: Settings) -> fsck.Report:
    """Whether everything fits together; changes nothing."""
    with opened(settings) as database:
        queue = Queue(database)
        try:
            return fsck.check(database, open_blobs(settings.artifacts_url, database), queue.waiting)
        finally:
            queue.close()
