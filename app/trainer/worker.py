"""A trainer: takes jobs from the queue one at a time, and says that it is alive."""

import logging
import threading
from collections.abc import Callable

from app.store import health, trainers
from app.store.database import Database, DatabaseAway
from app.trainer import queue
from app.trainer.attempt import Attempts, TrainerSettings

HEARTBEAT_SECONDS = 2.0
STOP_SECONDS = 8.0
"""How long a trainer that is told to end waits for its job's last checkpoint."""

log = logging.getLogger(__name__)


def work(
    database: Database, settings: TrainerSettings, told_to_stop: Callable[[float], bool]
) -> None:
    """Train until told to stop.

    Args:
        database: Where the jobs are.
        settings: See `TrainerSettings`.
        told_to_stop: Waits so many seconds, or until the process is to end: then True.
    """
    stop, idle = threading.Event(), threading.Event()
    idle.set()
    attempts = Attempts(database, settings, stop)

    def run(job_id: str, turn: int) -> None:
        idle.clear()
        try:
            attempts.run(job_id, turn)
        except DatabaseAway as error:
            log.warning("job %s is left as it stands: %s", job_id, error.orig)
        idle.set()
        if stop.is_set():
            # Returning would tell the queue that the job is done. It may not be: it is given to
            # this trainer again when it comes back, or to another.
            threading.Event().wait()

    executor = queue.Executor(database, settings.name, run)
    with database.writing() as connection:
        trainers.beat(connection, settings.name)
    executor.start()
    while not told_to_stop(HEARTBEAT_SECONDS):
        try:
            _beat(database, settings.name, executor)
        except DatabaseAway as error:
            log.warning("the database does not answer: %s", error.orig)
    stop.set()
    idle.wait(STOP_SECONDS)
    try:
        with database.writing() as connection:
            trainers.leave(connection, settings.name)
    except DatabaseAway as error:
        log.warning("the database does not answer: %s", error.orig)


def _beat(database: Database, name: str, executor: queue.Executor) -> None:
    with database.writing() as connection:
        trainers.beat(connection, name)
        living = health.living_trainers(connection)
    taken = executor.take_over(living)
    if taken:
        log.warning("took over from trainers that are gone: %s", ", ".join(taken))
