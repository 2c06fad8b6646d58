"""The connection to the database: SQLite in the data directory, or PostgreSQL by URL.

Reads take any connection; what reads in order to write takes `writing()` and locks what it reads,
so that nothing changes between the two. On SQLite `writing()` is that lock, one for everything,
held from its first statement on. On PostgreSQL it is a row's (`with_for_update`), or where there
may be no row yet, a name's (`hold`).
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

Connection = sa.Connection
"""What every function of the store takes; outside the store it is only passed on."""

DatabaseAway = sa.exc.OperationalError
"""The database does not answer at present: locked for too long, full, or not there."""

DatabaseFailed = sa.exc.DatabaseError
"""Any failure of the database; by itself: what is there is damaged, or no database."""

ChangedMeanwhile = sa.exc.IntegrityError
"""What a row refers to was deleted, or made, by another at the same moment."""

UnstorableValue = sa.exc.DataError
"""A value that the database cannot hold, such as text with a NUL."""

DatabaseBusy = sa.exc.TimeoutError
"""All connections to the database were in use for too long."""

BUSY_MILLISECONDS = 10_000
"""How long a statement waits for another process's write before it fails."""

CONNECT_SECONDS = 5
POOL_SECONDS = 5
"""How long a server may take to answer, and how long a thread waits for a free connection."""

CONNECTIONS, MORE_CONNECTIONS = 5, 15
"""How many one process keeps, and how many more it opens for as long as they are needed; threads
that find none free wait."""

_READ_ONLY = "25006"
_DISK_FULL = "53100"
"""PostgreSQL's codes for these two."""

_FIXED_SERIES = {(3, 44): 6, (3, 50): 7}
_FIXED = (3, 51, 3)


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Whether this SQLite is free of the WAL-reset bug, which can lose committed pages.

    It was fixed in 3.51.3 and in the older series 3.50.7 and 3.44.6 (sqlite.org/wal.html).
    """
    series = _FIXED_SERIES.get(version[:2])
    return version >= _FIXED or (series is not None and version[2] >= series)


class SchemaTooNew(Exception):
    """The database was written by a newer version of this program."""


class NoDatabase(Exception):
    """What a URL names is no database that this program can use, and waiting will not help."""


class Database:
    """One pool of connections.

    Args:
        url: An SQLAlchemy URL.

    Raises:
        NoDatabase: It is no such URL, or names a database without a driver here.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        try:
            self.engine = sa.create_engine(
                url,
                pool_size=CONNECTIONS,
                max_overflow=MORE_CONNECTIONS,
                pool_timeout=POOL_SECONDS,
                pool_pre_ping=not self.is_sqlite,
                connect_args={} if self.is_sqlite else _POSTGRESQL,
            )
        except (sa.exc.ArgumentError, ImportError) as error:
            raise NoDatabase(str(error)) from error
        except ValueError as error:  # its text may have a part of the password
            raise NoDatabase("its URL cannot be read; is a character in it not escaped?") from error
        if self.is_sqlite:
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
        elif self.engine.dialect.name != "postgresql":
            raise NoDatabase(f"{self.engine.dialect.name} is neither SQLite nor PostgreSQL")
        sa.event.listen(self.engine, "handle_error", _call_it_away)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for reads."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection whose reads all see one moment; on SQLite nobody writes meanwhile."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
                be_patient(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that commits when the block ends, and rolls back when it raises."""
        with self.engine.begin() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def migrate(self) -> None:
        """Bring the schema to this version; many processes may call it at once.

        Raises:
            SchemaTooNew: The schema is of a version that this program does not know.
            NoDatabase: What is there was never a database, or is damaged.
        """
        try:
            self._upgrade()
        except sa.exc.DatabaseError as error:
            if type(error) is not sa.exc.DatabaseError:  # its subclasses are other troubles
                raise
            raise NoDatabase(f"the database cannot be used: {error.orig}") from error

    def _upgrade(self) -> None:
        config = _config()
        scripts = _scripts()
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            current = MigrationContext.configure(connection).get_current_revision()
            if current == scripts.get_current_head():
                return
            try:
                if current is not None:
                    scripts.get_revision(current)
            except CommandError as error:
                raise SchemaTooNew(
                    f"the database has schema {current}, which is newer than this program"
                ) from error
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def is_current(self) -> bool:
        """Whether the schema is there, and this version's."""
        return self._revision() == _scripts().get_current_head()

    def has_tables(self) -> bool:
        """Whether any version has made its tables here."""
        return self._revision() is not None

    def _revision(self) -> str | None:
        with self.reading() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def close(self) -> None:
        self.engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def hold(connection: sa.Connection, *name: str) -> None:
    """Keep others that hold the same name out until the connection's transaction ends."""
    if connection.dialect.name == "postgresql":
        digest = hashlib.sha256("\0".join(name).encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def be_patient(connection: sa.Connection) -> None:
    """Let a transaction take as long as it likes between two statements."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def is_full(error: DatabaseAway) -> bool:
    """Whether there is no room left to write."""
    return "is full" in str(error.orig) or getattr(error.orig, "sqlstate", None) == _DISK_FULL


_MIGRATION_LOCK = 7_046_029_254
"""Any number that no other program locks in the same PostgreSQL database."""

_POSTGRESQL: dict[str, Any] = {
    "application_name": "mnistry",
    "connect_timeout": CONNECT_SECONDS,
    # Both ends find out within a minute when the other's machine is gone; the server, so that it
    # gives the locks free. A transaction whose process hangs is ended too.
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "options": "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 "
    "-c idle_in_transaction_session_timeout=15s -c synchronous_commit=on",
}


def _call_it_away(context: sa.engine.ExceptionContext) -> None:
    """One name for every way in which a server is not there, or takes no writes at present."""
    error = context.sqlalchemy_exception
    read_only = getattr(context.original_exception, "sqlstate", None) == _READ_ONLY
    if (context.is_disconnect or read_only) and not isinstance(error, DatabaseAway):
        original = context.original_exception
        raise DatabaseAway(context.statement, {}, original) from original


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Durable, patient and checked: every commit is on the disk before it is acknowledged."""
    connection.isolation_level = "IMMEDIATE"
    mode = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "TRUNCATE"
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        f"journal_mode={mode}",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
