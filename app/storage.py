"""The database and the storage of blobs, made ready before anything works on them.

What an operator's commands need of the service is here, and does not load the rest of it.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.settings import Settings
from app.startup import TRY_AGAIN, CannotStart, check_disk
from app.store.blobs import ArtifactsAway, Blobs, owner
from app.store.database import (
    Database,
    DatabaseAway,
    DatabaseFailed,
    NoDatabase,
    SchemaTooNew,
    is_full,
)
from app.trainer import queue

WAIT_SECONDS = 60
"""How long a database may take to be there, when all parts of a service are started at once."""

log = logging.getLogger(__name__)


def prepare(settings: Settings) -> None:
    """Make or update the tables; a database that does not answer yet is waited for.

    Raises:
        CannotStart: The database is newer than this program, or none that it can use.
    """
    if settings.database_url is None:
        check_disk(settings.data_dir)
    try:
        database = Database(settings.url)
    except NoDatabase as error:
        raise CannotStart(f"MNISTRY_DATABASE_URL: {error}") from error
    deadline, waited = time.monotonic() + WAIT_SECONDS, False
    try:
        while True:
            try:
                database.migrate()
                queue.migrate(database)
                open_blobs(settings.artifacts_url, database)  # says what is wrong with its URL
                return
            except DatabaseAway as error:
                if is_full(error):
                    raise CannotStart("the disk is full: the database cannot be written") from error
                if time.monotonic() > deadline:
                    msg = f"the database did not answer for {WAIT_SECONDS} s: {error.orig}"
                    raise CannotStart(msg, TRY_AGAIN) from error
                if not waited:
                    log.warning("the database does not answer yet: %s", error.orig)
                waited = True
                time.sleep(0.5)
    except (SchemaTooNew, NoDatabase) as error:
        raise CannotStart(str(error)) from error
    finally:
        database.close()


def open_blobs(artifacts_url: str | None, database: Database) -> Blobs:
    """Where weights and checkpoints are: in the database, or in object storage.

    Args:
        artifacts_url: The setting.
        database: With its tables: it has the service's own id.

    Raises:
        CannotStart: The URL names no storage that this program can use.
    """
    if artifacts_url is None:
        return Blobs()
    try:
        from app.store.objects import NoObjectStorage, ObjectStorage  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = "MNISTRY_ARTIFACTS_URL needs obstore: pip install 'mnistry[cluster]'"
        raise CannotStart(msg) from error
    try:
        with database.reading() as connection:
            return Blobs(ObjectStorage(artifacts_url), owner(connection))
    except NoObjectStorage as error:
        raise CannotStart(f"MNISTRY_ARTIFACTS_URL: {error}") from error


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database of a service, which has to be there, and of this version."""
    if not _may_exist(settings):
        raise CannotStart(f"there is no database in {settings.data_dir}")
    try:
        database = Database(settings.url)
    except NoDatabase as error:
        raise CannotStart(f"MNISTRY_DATABASE_URL: {error}") from error
    try:
        if not database.is_current():
            raise CannotStart(
                "the database is of another version, or none of Mnistry's; start the service on it "
                "first, or use the version that it is of"
            )
        yield database
    except (DatabaseAway, ArtifactsAway) as error:
        raise CannotStart(f"the store does not answer: {error}", TRY_AGAIN) from error
    except DatabaseFailed as error:
        raise CannotStart(f"the database cannot be used: {error.orig}") from error
    finally:
        database.close()


def has_tables(settings: Settings) -> bool:
    """Whether anything was ever stored there; False too where that cannot be asked."""
    if not _may_exist(settings):
        return False
    try:
        database = Database(settings.url)
    except NoDatabase:
        return False
    try:
        return database.has_tables()
    except DatabaseAway:
        return False
    finally:
        database.close()


def _may_exist(settings: Settings) -> bool:
    """Whether there is a database to open: elsewhere nobody knows before it is asked."""
    return settings.database_url is not None or (settings.data_dir / "mnistry.db").exists()
