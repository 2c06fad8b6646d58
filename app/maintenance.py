"""What an operator asks for: a backup, its way back, whether all is sound, and keys."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ids import new_id
from app.domain.keys import Role, digest, new_key, parse_expiry
from app.domain.records import ApiKey
from app.domain.text import check_name
from app.settings import Settings
from app.startup import TRY_AGAIN, CannotStart, lock_directory
from app.storage import open_blobs, prepare
from app.store import backup, fsck, jobs
from app.store import keys as store_keys
from app.store.backup import NotEmpty
from app.store.blobs import ArtifactsAway, CorruptBlob
from app.store.database import (
    Connection,
    Database,
    DatabaseAway,
    DatabaseFailed,
    NoDatabase,
    SchemaTooNew,
)
from app.trainer.queue import Queue


def write_backup(settings: Settings, path: Path) -> Mapping[str, int]:
    """Write everything into one file, also beside a service that works; what is in it.

    Raises:
        CannotStart: There is nothing to back up, or nowhere to put it.
    """
    with _opened(settings) as database:
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
    with _opened(settings) as database:
        queue = Queue(database)
        try:
            return fsck.check(database, open_blobs(settings.artifacts_url, database), queue.waiting)
        finally:
            queue.close()


def make_key(
    settings: Settings, role: Role, name: str | None, expires: str | None
) -> tuple[ApiKey, str]:
    """Make a key, also before a service was ever started; its record, and the key itself.

    Raises:
        CannotStart: The database cannot be used.
        ValueError: The name or the time is none.
    """
    at = datetime.now(UTC)
    secret = new_key()
    key = ApiKey(
        id=new_id("key"),
        created_at=clock.text(at),
        role=role,
        name=None if name is None else check_name(name),
        expires_at=None if expires is None else clock.text(parse_expiry(expires, at)),
        sha256=digest(secret.encode()).hex(),
    )
    if settings.database_url is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    prepare(settings)
    with _opened(settings) as database, database.writing() as connection:
        store_keys.insert(connection, key)
    return key, secret


def all_keys(settings: Settings) -> list[ApiKey]:
    """The keys that were ever made, oldest first."""
    with _opened(settings) as database, database.reading() as connection:
        return store_keys.all_of_them(connection)


def revoke_key(settings: Settings, key_id: str) -> tuple[ApiKey, bool]:
    """Take a key no more; its record, and whether any is left.

    Raises:
        NotFound: There is no such key.
    """
    with _opened(settings) as database, database.writing() as connection:
        key = store_keys.revoke(connection, key_id, clock.now())
        if key is None:
            raise NotFound("key", key_id)
        return key, bool(settings.api_keys) or _is_any_taken(connection)


def require_key(settings: Settings) -> None:
    """Refuse to be reachable from elsewhere as long as no key is stored.

    Raises:
        CannotStart: There is none.
    """
    if settings.database_url is not None or _file(settings).exists():
        prepare(settings)
        with _opened(settings) as database, database.reading() as connection:
            if _is_any_taken(connection):
                return
    raise CannotStart(
        f"{settings.host} can be reached from other machines: make a key with `keys add`, set "
        "MNISTRY_API_KEYS, or say --open to serve everybody without a key"
    )


def _is_any_taken(connection: Connection) -> bool:
    """Whether there is a stored key that is neither revoked nor expired."""
    now = clock.now()
    return any(key.status(now) == "valid" for key in store_keys.all_of_them(connection))


def _file(settings: Settings) -> Path:
    """Where the embedded database is."""
    return settings.data_dir / "mnistry.db"


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """The database of a service, which has to be there, and of this version."""
    if settings.database_url is None and not _file(settings).exists():
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
