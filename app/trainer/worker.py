"""A trainer: takes jobs from the queue one at a time, and says that it is alive."""

import logging
import os
import signal
import threading

from app.store import health, trainers
from app.store.database import Database, DatabaseAway
from app.trainer import queue
from app.trainer.attempt import Attempts, TrainerSettings

HEARTBEAT_SECONDS = 2.0
STOP_SECONDS = 8.0
"""How long a trainer that is told to end waits for its job's last checkpoint."""

log = logging.getLogger(__name__)


def work(database: Database, settings: TrainerSettings) -> None:
    """Train until SIGTERM or SIGINT, and end the process."""
    stop, idle = threading.Event(), threading.Event()
    idle.set()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    attempts = Attempts(database, settings, stop)

    def run(job_id: str) -> None:
        idle.clear()
        attempts.run(job_id)
        idle.set()
        if stop.is_set():
            # Returning would tell the queue that the job is done. It may not be: it is given to
            # this trainer again when it comes back, or to another.
            threading.Event().wait()

    executor = queue.Executor(database, settings.name, run)
    with database.writing() as connection:
        trainers.beat(connection, settings.name)
    executor.start()
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            _beat(database, settings.name, executor)
        except DatabaseAway as error:
            log.warning("the database does not answer: %s", error.orig)
    idle.wait(STOP_SECONDS)
    with database.writing() as connection:
        trainers.leave(connection, settings.name)
    os._exit(0)  # the queue's threads wait for ever


def _beat(database: Database, name: str, executor: queue.Executor) -> None:
    with database.writing() as connection:
        trainers.beat(connection, name)
        living = health.living_trainers(connection)
    taken = executor.take_over(living)
    if taken:
        log.warning("took over from trainers that are gone: %s", ", ".join(taken))
