"""Processes are told apart by more than their number."""

import subprocess
import sys

from app.store import processes, trainers
from app.store.database import Database
from app.store.tables import trainers as table


def test_this_process_is_there_and_has_not_ended() -> None:
    own = processes.own_identity()

    assert processes.is_there(own)
    assert not processes.has_ended(own)


def test_a_killed_process_has_ended() -> None:
    code = (
        "import sys; from app.store import processes;"
        "print(processes.own_identity(), flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    identity = child.stdout.readline().strip()
    assert processes.is_there(identity)

    child.kill()
    child.communicate()

    assert processes.has_ended(identity)


def test_another_machines_process_is_neither_there_nor_gone() -> None:
    own = processes.own_identity()
    assert own is not None
    elsewhere = f"another-boot {own.split(' ', 1)[1]}"

    for identity in (elsewhere, None):
        assert not processes.is_there(identity)
        assert not processes.has_ended(identity)


def test_a_number_that_came_again_is_another_process() -> None:
    own = processes.own_identity()
    assert own is not None
    place, number, _ = own.rsplit(" ", 2)

    assert processes.has_ended(f"{place} {number} 1")


def test_a_trainer_whose_process_has_ended_is_not_living(database: Database) -> None:
    own = processes.own_identity()
    assert own is not None
    with database.writing() as connection:
        trainers.beat(connection, "here")
        trainers.beat(connection, "dead")
        dead = {"process": f"{own.rsplit(' ', 1)[0]} 1"}
        connection.execute(table.update().where(table.c.name == "dead").values(dead))

        assert trainers.living(connection) == ["here"]


def test_a_trainer_that_was_not_seen_for_long_is_not_living(database: Database) -> None:
    with database.writing() as connection:
        trainers.beat(connection, "silent")
        long_ago = {"seen_at": "2020-01-01T00:00:00.000000Z", "process": None}
        connection.execute(table.update().values(long_ago))

        assert trainers.living(connection) == []
        # After an outage that held up all of them this says nothing.
        assert trainers.living(connection, by_age=False) == ["silent"]


def test_a_name_is_taken_by_another_living_process_of_this_machine(database: Database) -> None:
    with database.writing() as connection:
        trainers.beat(connection, "mine")
        assert not trainers.is_taken(connection, "mine")
        assert not trainers.is_taken(connection, "nobodys")

        parent = subprocess.Popen(["sleep", "60"])  # noqa: S607
        own = processes.own_identity()
        assert own is not None
        start = processes._start_of(parent.pid)
        other = {"process": f"{own.rsplit(' ', 2)[0]} {parent.pid} {start}"}
        connection.execute(table.update().values(other))
        assert trainers.is_taken(connection, "mine")

        parent.kill()
        parent.wait()
        assert not trainers.is_taken(connection, "mine")
