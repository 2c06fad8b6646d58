"""A trainer: takes jobs from the queue one at a time, and says that it is alive."""

import logging
import threading
import time
from collections.abc import Callable

from app.log_ids import logged_with
from app.store import trainers
from app.store.blobs import Blobs
from app.store.database import Database, DatabaseAway, DatabaseBusy
from app.trainer import queue, tidy
from app.trainer.attempt import Attempts, TrainerSettings

HEARTBEAT_SECONDS = 1.0
GAP_SECONDS = 5.0
"""A beat that took longer was held up by what may have held up the others' too."""

STOP_SECONDS = 8.0
"""How long a trainer that is told to end waits for its job's last checkpoint."""

log = logging.getLogger(__name__)


class NameTaken(Exception):
    """Another trainer of this machine goes by the name."""


def work(
    database: Database,
    blobs: Blobs,
    settings: TrainerSettings,
    told_to_stop: Callable[[float], bool],
) -> None:
    """Train until told to stop.

    Args:
        database: Where the jobs are.
        blobs: Where weights and checkpoints are.
        settings: See `TrainerSettings`.
        told_to_stop: Waits so many seconds, or until the process is to end: then True.

    Raises:
        NameTaken: Two trainers of one name would take each other's jobs away.
    """
    stop, idle = threading.Event(), threading.Event()
    idle.set()
    attempts = Attempts(database, blobs, settings, stop)

    def attempt_until_done(job_id: str, turn: int) -> None:
        while not stop.is_set():
            try:
                attempts.run(job_id, turn)
                return
            except Exception:
                # To raise would tell the queue that there is nothing more to do for the job.
                log.exception("job %s is left as it stands", job_id)
                stop.wait(HEARTBEAT_SECONDS)

    def run(job_id: str, turn: int) -> None:
        idle.clear()
        with logged_with(job_id=job_id):
            attempt_until_done(job_id, turn)
        idle.set()
        if stop.is_set():
            # Returning would tell the queue that the job is done. It may not be: it is given to
            # this trainer again when it comes back, or to another.
            threading.Event().wait()

    executor = queue.Executor(database, settings.name, run)
    _take_name(database, settings.name, told_to_stop)
    executor.start()
    threading.Thread(target=tidy.keep, args=(database, blobs), daemon=True).start()
    steady = time.monotonic()
    while not told_to_stop(HEARTBEAT_SECONDS):
        began = time.monotonic()
        # After an outage all the others look as old as this one was a moment ago.
        by_age = began - steady > trainers.ALIVE_SECONDS
        try:
            living = _beat(database, settings.name, by_age=by_age)
            if time.monotonic() - began > GAP_SECONDS:
                steady = time.monotonic()
            _take_over(executor, living)
        except (DatabaseAway, DatabaseBusy) as error:
            log.warning("the database does not answer: %s", error)
            steady = time.monotonic()
    stop.set()
    idle.wait(STOP_SECONDS)
    try:
        with database.writing() as connection:
            trainers.leave(connection, settings.name)
    except (DatabaseAway, DatabaseBusy) as error:
        log.warning("the database does not answer: %s", error)


def _take_name(database: Database, name: str, told_to_stop: Callable[[float], bool]) -> None:
    """Begin to go by a name; one who had it may still be about to end."""
    deadline = time.monotonic() + STOP_SECONDS + HEARTBEAT_SECONDS
    while True:
        with database.writing() as connection:
            if not trainers.is_taken(connection, name):
                trainers.beat(connection, name)
                return
        if time.monotonic() > deadline or told_to_stop(HEARTBEAT_SECONDS):
            raise NameTaken(f"another trainer here is called {name}; choose a --name")


def _beat(database: Database, name: str, *, by_age: bool) -> list[str]:
    """Say that this trainer is alive; which others are, see `trainers.living`."""
    with database.writing() as connection:
        trainers.beat(connection, name)
        return trainers.living(connection, by_age=by_age)


def _take_over(executor: queue.Executor, living: list[str]) -> None:
    taken = executor.take_over(living)
    if taken:
        log.warning("took over from trainers that are gone: %s", ", ".join(taken))
