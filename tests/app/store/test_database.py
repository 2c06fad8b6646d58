"""The database: its journal, its migrations, its transactions."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
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
from app.store.database import Database, DatabaseAway, NoDatabase, SchemaTooNew, hold, wal_is_safe
from app.store.tables import metadata
from tests.postgresql import PostgreSQL


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


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    database.migrate()
    yield database
    database.close()


def test_commits_on_sqlite_are_durable_and_foreign_keys_hold(sqlite: Database) -> None:
    with sqlite.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "foreign_keys", "journal_mode")
        }

    assert pragmas["synchronous"] == 2
    assert pragmas["foreign_keys"] == 1
    wal = wal_is_safe(sqlite3.sqlite_version_info)
    assert pragmas["journal_mode"] == ("wal" if wal else "truncate")


def test_commits_on_postgresql_are_durable(postgresql: PostgreSQL) -> None:
    database = Database(postgresql.new_database())
    with database.reading() as connection:
        durable = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
    database.close()

    assert durable == "on"


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


def test_many_processes_may_migrate_at_once(url: str) -> None:
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
        assert trainers.all_of_them(connection) == []


def test_a_writer_on_sqlite_holds_the_lock_from_its_first_read(sqlite: Database) -> None:
    order: list[str] = []

    def second() -> None:
        with sqlite.writing():
            order.append("second")

    with sqlite.writing() as connection:
        trainers.all_of_them(connection)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def in_order(database: Database, take: Callable[[sa.Connection], object]) -> list[str]:
    """What two do that take the same, the first of them slowly."""
    order: list[str] = []
    taken = threading.Event()

    def first() -> None:
        with database.writing() as connection:
            take(connection)
            taken.set()
            threading.Event().wait(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert taken.wait(10)
    with database.writing() as connection:
        take(connection)
        order.append("second")
    thread.join()
    return order


def test_a_name_is_held_by_one_at_a_time(database: Database) -> None:
    assert in_order(database, lambda c: hold(c, "alias", "digits")) == ["first", "second"]


def test_a_job_is_held_by_one_at_a_time(database: Database, job: Job) -> None:
    with database.writing() as connection:
        jobs.insert(connection, job)

    assert in_order(database, lambda c: jobs.hold(c, job.id)) == ["first", "second"]


def test_names_that_differ_are_held_side_by_side(postgresql: PostgreSQL) -> None:
    database = Database(postgresql.new_database())
    with database.writing() as one, database.writing() as other:
        hold(one, "alias", "digits")
        hold(other, "alias", "letters")
    database.close()


@pytest.mark.parametrize("url", ["mysql://somewhere/x", "nonsense", "oracle://somewhere/x"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(NoDatabase):
        Database(url)


def test_a_server_that_went_away_is_found_again(postgresql_of_its_own: PostgreSQL) -> None:
    database = Database(postgresql_of_its_own.new_database())
    database.migrate()
    with database.writing() as connection:
        trainers.beat(connection, "before")

    postgresql_of_its_own.crash()
    with pytest.raises(DatabaseAway), database.reading() as connection:
        trainers.all_of_them(connection)
    postgresql_of_its_own.start()

    with database.reading() as connection:
        assert trainers.all_of_them(connection) == ["before"]
    database.close()


def test_a_connection_that_breaks_in_use_is_the_database_away(
    postgresql_of_its_own: PostgreSQL,
) -> None:
    database = Database(postgresql_of_its_own.new_database())

    with pytest.raises(DatabaseAway), database.reading() as connection:
        connection.execute(sa.text("SELECT 1"))
        postgresql_of_its_own.crash()
        connection.execute(sa.text("SELECT 1"))

    postgresql_of_its_own.start()
    database.close()


def test_a_server_that_takes_no_writes_is_away(postgresql: PostgreSQL) -> None:
    database = Database(postgresql.new_database())
    database.migrate()

    with pytest.raises(DatabaseAway), database.writing() as connection:
        connection.execute(sa.text("SET TRANSACTION READ ONLY"))
        trainers.beat(connection, "nobody")

    database.close()
