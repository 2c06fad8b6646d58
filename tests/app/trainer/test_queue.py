"""What the queue is relied on for: each test is a promise of app/trainer/queue.py."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain import clock, ids
from app.store.database import Database
from app.trainer import queue
from tests.postgresql import PostgreSQL

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def start(database: Database, log: Path) -> Iterator[Start]:
    """Start executors, by name; all are killed in the end."""
    queue.migrate(database)
    started: list[subprocess.Popen[str]] = []

    def start_one(name: str, seconds: float = 0.0) -> subprocess.Popen[str]:
        module = "tests.app.trainer.executor_process"
        command = [sys.executable, "-m", module, database.url, name, str(log), str(seconds)]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, text=True))
        wait_for(log, f"ready {name}", started[-1])
        return started[-1]

    yield start_one
    for process in started:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def wait_for(log: Path, line: str, process: subprocess.Popen[str] | None = None) -> None:
    for _ in range(600):
        if line in log.read_text().splitlines():
            return
        assert process is None or process.poll() is None
        time.sleep(0.05)
    pytest.fail(f"{line!r} is not in the log: {log.read_text()}")


def enqueue(database: Database) -> str:
    job_id = ids.new_id("job")
    client = queue.Queue(database)
    with database.writing() as connection:
        client.enqueue(connection, job_id, 0)
    return job_id


def test_a_job_is_run_when_its_transaction_has_committed(
    database: Database, log: Path, start: Start
) -> None:
    start("a")
    job_id = enqueue(database)

    wait_for(log, f"end {job_id} a")


def test_a_job_whose_transaction_was_rolled_back_is_never_run(
    database: Database, log: Path, start: Start
) -> None:
    queue.migrate(database)
    lost = ids.new_id("job")
    client = queue.Queue(database)
    with pytest.raises(RuntimeError), database.writing() as connection:
        client.enqueue(connection, lost, 0)
        raise RuntimeError
    start("a")
    wait_for(log, f"end {enqueue(database)} a")

    assert lost not in log.read_text()


def test_one_executor_runs_one_job_at_a_time_in_their_order(
    database: Database, log: Path, start: Start
) -> None:
    queue.migrate(database)
    jobs = [enqueue(database) for _ in range(3)]
    start("a", 0.1)
    wait_for(log, f"end {jobs[-1]} a")

    expected = [f"{what} {job} a" for job in jobs for what in ("start", "end")]
    assert log.read_text().splitlines()[1:] == expected


def test_a_job_that_left_the_queue_comes_in_again_for_another_turn(
    database: Database, log: Path, start: Start
) -> None:
    start("a")
    job_id = enqueue(database)
    wait_for(log, f"end {job_id} a")
    log.write_text("")

    with database.writing() as connection:
        queue.Queue(database).enqueue(connection, job_id, 1)

    wait_for(log, f"end {job_id} a")


def test_an_executor_that_comes_back_is_given_its_job_again(
    database: Database, log: Path, start: Start
) -> None:
    first = start("a", 60)
    job_id = enqueue(database)
    wait_for(log, f"start {job_id} a")
    first.kill()
    first.wait()

    log.write_text("")
    start("a")

    wait_for(log, f"end {job_id} a")


def test_the_job_of_an_executor_that_is_gone_can_be_taken_over(
    database: Database, log: Path, start: Start
) -> None:
    first = start("a", 60)
    job_id = enqueue(database)
    wait_for(log, f"start {job_id} a")
    first.kill()
    first.wait()
    second = start("b")

    take_over(log, second, "b")

    wait_for(log, f"end {job_id} b")


def test_the_job_of_a_living_executor_is_left_to_it(
    database: Database, log: Path, start: Start
) -> None:
    start("a", 1.5)
    job_id = enqueue(database)
    wait_for(log, f"start {job_id} a")
    second = start("b")

    take_over(log, second, "a", "b")

    wait_for(log, f"end {job_id} a")
    assert f"start {job_id} b" not in log.read_text()


def test_a_job_that_was_taken_over_is_run_though_the_first_executor_comes_back(
    database: Database, log: Path, start: Start
) -> None:
    zombie = start("a", 0.5)
    job_id = enqueue(database)
    wait_for(log, f"start {job_id} a")
    os.kill(zombie.pid, signal.SIGSTOP)
    heir = start("b", 3.0)
    busy = enqueue(database)
    wait_for(log, f"start {busy} b")
    take_over(log, heir, "b")
    assert queue.Queue(database).waiting() == {job_id, busy}

    # It returns from its step while the job waits for the other again.
    os.kill(zombie.pid, signal.SIGCONT)
    wait_for(log, f"end {job_id} a")

    runs = [f"end {job_id} {name}" for name in "ab"]
    for _ in range(200):
        if not queue.Queue(database).waiting():
            break
        time.sleep(0.1)
    ended = [line for line in log.read_text().splitlines() if line in runs]
    assert len(ended) == 2, "the job was taken from the queue by one that had lost it"


def test_a_zombie_that_ends_after_its_heir_changes_nothing(
    database: Database, log: Path, start: Start
) -> None:
    zombie = start("a", 1.0)
    job_id = enqueue(database)
    wait_for(log, f"start {job_id} a")
    os.kill(zombie.pid, signal.SIGSTOP)
    heir = start("b", 0.1)
    take_over(log, heir, "b")
    wait_for(log, f"end {job_id} b")

    os.kill(zombie.pid, signal.SIGCONT)
    wait_for(log, f"end {job_id} a")

    after = enqueue(database)
    for _ in range(200):
        if not queue.Queue(database).waiting():
            break
        time.sleep(0.05)
    lines = log.read_text().splitlines()
    assert sum(line.startswith(f"end {after}") for line in lines) == 1


def test_two_executors_share_the_jobs_and_none_runs_twice(
    database: Database, log: Path, start: Start
) -> None:
    start("a", 0.2)
    start("b", 0.2)
    jobs = [enqueue(database) for _ in range(12)]
    while queue.Queue(database).waiting():
        time.sleep(0.05)

    ended = [line.split() for line in log.read_text().splitlines() if line.startswith("end")]
    assert sorted(job_id for _, job_id, _ in ended) == sorted(jobs)
    assert {name for _, _, name in ended} == {"a", "b"}


def test_an_executor_goes_on_when_the_database_is_back(
    postgresql_of_its_own: PostgreSQL, log: Path, tmp_path: Path
) -> None:
    database = Database(postgresql_of_its_own.new_database())
    database.migrate()
    queue.migrate(database)
    module = "tests.app.trainer.executor_process"
    process = subprocess.Popen(
        [sys.executable, "-m", module, database.url, "a", str(log), "0.1"],
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(log, "ready a", process)
        wait_for(log, f"end {enqueue(database)} a")
        postgresql_of_its_own.crash()
        time.sleep(2)
        postgresql_of_its_own.start()
        wait_for(log, f"end {enqueue(database)} a")
    finally:
        process.kill()
        process.communicate()
        database.close()


def test_what_has_ended_can_be_forgotten(database: Database, log: Path, start: Start) -> None:
    start("a")
    client = queue.Queue(database)
    assert client.is_new()
    job_id = enqueue(database)
    wait_for(log, f"end {job_id} a")
    while client.waiting():
        time.sleep(0.05)

    client.forget(clock.ago(3600))
    assert not client.is_new()
    client.forget(clock.ago(-60))
    assert client.is_new()


def take_over(log: Path, executor: subprocess.Popen[str], *alive: str) -> None:
    """Have an executor, the last of those who live, take over from all but these."""
    assert executor.stdin is not None
    executor.stdin.write(" ".join(alive) + "\n")
    executor.stdin.flush()
    wait_for(log, f"took over {alive[-1]}", executor)
