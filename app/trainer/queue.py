"""Which trainer runs which job: the only module that knows DBOS.

DBOS keeps a queue in tables of its own, in the same database, so that a job and its place in the
queue commit together. What it is relied on for: a workflow that was enqueued is run at least once;
one that its executor did not finish runs again when an executor of the same name starts; `resume`
hands it to another. That a job takes effect once is not its part: the attempt numbers see to it.
"""

import logging
from collections.abc import Callable, Iterable

from dbos import DBOS, DBOSClient, DBOSConfig, run_dbos_database_migrations
from dbos import DBOSPortableJSONSerializer as Serializer

from app import traces
from app.store.database import Connection, Database

_QUEUE = "train"
_WORKFLOW = "train"
_VERSION = "1"
"""Pinned: DBOS hands a workflow only to executors of the version that enqueued it."""

_POLL_SECONDS = 0.2
_FORGET = 500
"""How many ended turns are removed at a time."""

_RECOVERIES = 1_000_000
"""DBOS's own limit on restarts; ours counts only crashes that got a job no further."""


def migrate(database: Database) -> None:
    """Make DBOS's tables, or bring them to its version."""
    _quiet()
    run_dbos_database_migrations(database.url)


class Queue:
    """The way into the queue, for the API."""

    def __init__(self, database: Database) -> None:
        _quiet()
        self._client = DBOSClient(
            system_database_engine=database.engine, serializer=Serializer(), lazy=True
        )

    def enqueue(self, connection: Connection, job_id: str, turn: int) -> None:
        """Put a job into the queue when the connection's transaction commits.

        Args:
            connection: The transaction.
            job_id: The job.
            turn: How often it left the queue before: a workflow runs once, so each has its own.
        """
        trace = traces.here()
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": _WORKFLOW,
                "queue_name": _QUEUE,
                "workflow_id": f"{job_id}.{turn}",
                "app_version": _VERSION,
            },
            job_id,
            turn,
            *([] if trace is None else [trace]),
        )

    def waiting(self) -> set[str]:
        """The jobs that wait in the queue, or are being trained."""
        turns = self._client.list_workflows(
            status=["ENQUEUED", "PENDING"], load_input=False, load_output=False
        )
        return {turn.workflow_id.partition(".")[0] for turn in turns}

    def is_new(self) -> bool:
        """Whether nothing was ever put into the queue."""
        return not self._client.list_workflows(limit=1, load_input=False, load_output=False)

    def forget(self, before: str) -> None:
        """Remove what is known of the turns that ended before a time."""
        while ended := self._client.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=before,
            limit=_FORGET,
            load_input=False,
            load_output=False,
        ):
            self._client.delete_workflows([turn.workflow_id for turn in ended])

    def close(self) -> None:
        self._client.destroy()


class Executor:
    """The way out of the queue, for a trainer: runs one job at a time.

    Args:
        database: Where the queue is.
        name: The trainer's name; jobs that it was given before are given to it again.
        run: Runs a job, by its id and turn, to its end.
    """

    def __init__(self, database: Database, name: str, run: Callable[[str, int], None]) -> None:
        _quiet()
        config: DBOSConfig = {
            "name": "mnistry",
            "system_database_engine": database.engine,
            "executor_id": name,
            "application_version": _VERSION,
            "serializer": Serializer(),
            "run_migrations": False,
            "log_level": "ERROR",
        }
        DBOS(config=config)
        DBOS.listen_queues([_QUEUE])
        step = DBOS.step(name="attempts")(run)

        @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_RECOVERIES)
        def train(job_id: str, turn: int = 0, trace: str | None = None) -> None:
            with traces.continued(trace):
                step(job_id, turn)

    def start(self) -> None:
        """Begin to take jobs, those first that this trainer did not finish."""
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=1,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )

    def take_over(self, alive: Iterable[str]) -> list[str]:
        """Put the unfinished turns of trainers that are not alive back into the queue."""
        trainers = set(alive)
        orphans = [
            workflow.workflow_id
            for workflow in DBOS.list_workflows(status="PENDING", load_input=False)
            if workflow.executor_id not in trainers
        ]
        for workflow_id in orphans:
            DBOS.resume_workflow(workflow_id, queue_name=_QUEUE)
        return orphans


def _quiet() -> None:
    """DBOS's log at the level of ours, without its own lines about itself."""
    logging.getLogger("dbos").setLevel(logging.ERROR)
