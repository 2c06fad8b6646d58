"""The database: its journal, its migrations, its transactions."""

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from app import store
from app.domain.records import Job, Sweep
from app.store import jobs, sweeps, trainers
from app.store.database import Database, SchemaTooNew, wal_is_safe
from app.store.tables import metadata


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
    ],
)
def test_wal_is_used_only_where_its_bug_is_fixed(version: tuple[int, int, int], safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_commits_are_durable_and_foreign_keys_hold(database: Database) -> None:
    with database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "foreign_keys", "journal_mode")
        }

    assert pragmas["synchronous"] == 2
    assert pragmas["foreign_keys"] == 1
    wal = wal_is_safe(sqlite3.sqlite_version_info)
    assert pragmas["journal_mode"] == ("wal" if wal else "truncate")


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_what_an_older_version_stored_is_read_after_the_migration(tmp_path: Path, job: Job) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(store.__path__[0]) / "migrations"))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        old = sa.Table("jobs", sa.MetaData(), autoload_with=connection)
        assert "sweep_id" not in old.columns
        connection.execute(old.insert().values({c.name: getattr(job, c.name) for c in old.columns}))
        connection.execute(sa.text("INSERT INTO sweeps VALUES ('swp_1', '', 'val_loss', '[]')"))

    database.migrate()

    with database.reading() as connection:
        assert jobs.get(connection, job.id) == job
        sweep = sweeps.get(connection, "swp_1")
    assert sweep == Sweep(id="swp_1", created_at="", metric="val_loss", trials=[])
    database.close()


def test_many_processes_may_migrate_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    failures: list[Exception] = []

    def migrate() -> None:
        database = Database(url)
        try:
            database.migrate()
        except Exception as error:  # noqa: BLE001 - reported below
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures


def test_a_schema_of_a_newer_version_is_refused(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew, match="9999"):
        database.migrate()


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError), database.writing() as connection:
        trainers.beat(connection, "gone")
        raise RuntimeError

    with database.reading() as connection:
        assert trainers.last_seen(connection) == {}


def test_a_writer_holds_the_lock_from_its_first_read(database: Database) -> None:
    order: list[str] = []

    def second() -> None:
        with database.writing():
            order.append("second")

    with database.writing() as connection:
        trainers.last_seen(connection)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]
