"""One attempt at a job, seen from the trainer: a child process computes, its reports are stored.

Every write carries the number of the attempt. The first that finds the job elsewhere, cancelled or
taken over, ends the child: the work of an attempt that lost its claim changes nothing any more.
"""

import contextlib
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from multiprocessing import Pipe
from multiprocessing.connection import Connection as PipeEnd
from os import getpid
from threading import Event
from typing import TypeVar

from app import traces
from app.children import messages
from app.domain.datasets import Dataset
from app.domain.records import Job, Json
from app.store import blobs, jobs, models
from app.store.blobs import ArtifactsAway, Blob, Blobs, CorruptBlob
from app.store.database import Connection, Database, DatabaseAway, DatabaseBusy
from app.trainer import learned, outcome, reports, spans
from app.trainer.mailbox import LAST, Mailbox

POLL_SECONDS = 0.2
"""How often a job is looked at for having been cancelled."""

PAUSE_SECONDS = 10.0
"""How long a child whose job was paused has to say where it stands; after that the last checkpoint
counts, from which it comes to the same."""

CRASHES = 3
"""So many dead processes in a row, without a checkpoint between them, and the job has failed."""


class ModelGone(Exception):
    """The model that a job begins from was deleted, or is damaged."""


log = logging.getLogger(__name__)
Result = TypeVar("Result")
Change = Callable[[Connection], bool | None]
"""What is to be written; whether the job is to finish now, where that can be."""


@dataclass(frozen=True)
class TrainerSettings:
    """What a trainer was started with.

    Attributes:
        name: Stable over restarts: its jobs are given back to it by this name.
        threads: Cores that a job may use.
        checkpoint_seconds: Seconds of work between two checkpoints.
        stall_seconds: A child that reports nothing for so long is ended.
        memory_bytes: What a child may take.
        max_seconds: A job that has trained for so long is finished, whatever it asks for.
    """

    name: str
    threads: int
    checkpoint_seconds: float
    stall_seconds: float
    memory_bytes: int
    max_seconds: float


class Attempts:
    """Runs jobs, each to its end or until the trainer stops."""

    def __init__(
        self, database: Database, stored: Blobs, settings: TrainerSettings, stop: Event
    ) -> None:
        self._database = database
        self._blobs = stored
        self._settings = settings
        self._stop = stop

    def run(self, job_id: str, turn: int) -> None:
        """Attempt a job until it has ended; a child that dies is followed by another attempt."""
        while not self._stop.is_set():
            job = self._write(lambda c: jobs.claim(c, job_id, turn))
            if job is None:
                return
            spans.of_queue(job)
            with spans.of_attempt(job, self._settings.name):
                if self._is_done(job):
                    return

    def _is_done(self, job: Job) -> bool:
        """Make an attempt; whether there is no more to do for the job."""
        try:
            if job.crashes >= CRASHES:
                self._fail(job, outcome.process_died(job))
                return True
            return self._attempt(job)
        except jobs.ClaimLost:
            log.info("job %s is no longer attempt %d's", job.id, job.attempt)
            return True
        except (DatabaseAway, DatabaseBusy, ArtifactsAway):
            raise
        except Exception as error:
            # What nobody foresaw counts as a crash: it is tried again, but not for ever.
            log.exception("job %s: attempt %d failed", job.id, job.attempt)
            traces.failed(str(error))
            return False

    def _attempt(self, job: Job) -> bool:
        """Run a child to its end; whether the job has ended with it."""
        ours, childs = Pipe()
        descriptor = childs.fileno()
        command = [sys.executable, "-m", "app.trainer.run", str(descriptor), str(getpid())]
        child = subprocess.Popen(command, pass_fds=[descriptor])  # noqa: S603 - our own program
        childs.close()
        mailbox = Mailbox(ours)
        try:
            dataset = self._read(lambda c: outcome.dataset_of(c, job))
            self._send_job(ours, job, dataset)
            return self._follow(ours, mailbox, job, dataset)
        except ModelGone:
            self._fail(job, outcome.MODEL_GONE)
            return True
        except outcome.DatasetGone as error:
            self._fail(job, outcome.dataset_gone(job, str(error)))
            return True
        except jobs.ClaimLost:
            if self._read(lambda c: jobs.status_under(c, job.id, job.attempt)) == "paused":
                with contextlib.suppress(EOFError):  # it has just ended
                    self._keep(ours, mailbox, job)
            raise
        except (EOFError, ConnectionError):
            log.warning("job %s: the process of attempt %d died", job.id, job.attempt)
            traces.failed("its process died")
            return False
        finally:
            child.kill()
            child.wait()
            mailbox.join()
            ours.close()

    def _send_job(self, pipe: PipeEnd, job: Job, dataset: Dataset) -> None:
        weights, initial = self._read(partial(_begin_from, job=job, stored=self._blobs))
        message = {
            "job_id": job.id,
            "definition": job.definition,
            "config": job.config,
            "threads": self._settings.threads,
            "checkpoint_seconds": self._settings.checkpoint_seconds,
            "memory_bytes": self._settings.memory_bytes,
            "max_seconds": self._settings.max_seconds,
            "seconds": job.seconds,
            "initial": initial,
            "dataset": learned.describe(dataset),
        }
        messages.send(pipe, message, weights)
        learned.send(pipe, dataset, self._chunk)

    def _chunk(self, sha256: str) -> bytes:
        """A part of a dataset, which cannot be deleted as long as its job has not ended."""
        stored = self._read(lambda c: blobs.find(c, sha256))
        try:
            return self._patiently(lambda: self._blobs.fetch(stored))
        except CorruptBlob as error:
            raise outcome.DatasetGone(str(error)) from error

    def _follow(self, pipe: PipeEnd, mailbox: Mailbox, job: Job, dataset: Dataset) -> bool:
        """Store a child's reports until its last; whether the job has ended with it."""
        asked_to_stop = False
        familiarity: Blob | None = None
        while True:
            came = mailbox.take(POLL_SECONDS)
            if not came:
                if time.monotonic() - mailbox.heard > self._settings.stall_seconds:
                    log.warning("job %s: nothing heard for too long", job.id)
                    traces.failed("nothing was heard of its process for too long")
                    return False
                self._check_claim(job)
            changes: list[Change] = []
            for kind, alike in groupby(came, lambda report: report[0]["type"]):
                together = list(alike)  # more than one where they are epochs, else the newest
                message, content = together[-1]
                if kind in LAST:
                    self._store(changes)
                    self._end(job, dataset, message, content, familiarity)
                    return True
                if kind == "familiarity":
                    familiarity = self._upload(content)
                elif kind == "epoch":
                    changes.append(_epochs(job, [epoch for epoch, _ in together]))
                else:
                    changes.append(self._change(job, dataset, message, content))
            if self._store(changes):
                _tell(pipe, {"type": "finish", "stopped_by": "median_stopping"})
            if self._stop.is_set() and not asked_to_stop:
                _tell(pipe, {"type": "stop"})
                asked_to_stop = True

    def _end(
        self,
        job: Job,
        dataset: Dataset,
        message: messages.Message,
        content: bytes,
        familiarity: Blob | None,
    ) -> None:
        """Store a child's last report."""
        if message["type"] == "dataset_gone":
            raise outcome.DatasetGone(message["reason"])
        if message["type"] == "stopped":
            self._write(partial(reports.put_back, job=job, message=message))
            return
        if message["type"] == "failed":
            traces.failed(message["error"]["title"])
        weights = self._upload(content) if content else None
        end = partial(reports.finish, job=job, dataset=dataset, message=message)
        self._write(partial(end, weights=weights, familiarity=familiarity))

    def _check_claim(self, job: Job) -> None:
        if self._read(lambda c: jobs.status_under(c, job.id, job.attempt)) != "running":
            raise jobs.ClaimLost(job.id)

    def _change(
        self, job: Job, dataset: Dataset, message: messages.Message, content: bytes
    ) -> Change:
        """What a report between the epochs changes; its content is stored already."""
        if message["type"] == "checkpoint":
            blob = self._upload(content)
            return partial(reports.checkpoint, job=job, blob=blob, seconds=message["seconds"])
        if message["type"] == "probe":
            return partial(reports.probe, job=job, dataset=dataset, message=message)
        return partial(reports.progress, job=job, message=message)

    def _store(self, changes: list[Change]) -> bool:
        """Make changes in one transaction; whether one of them says that the job is to finish."""
        if not changes:
            return False

        def change_all(connection: Connection) -> bool:
            says = [change(connection) for change in changes]
            return any(says)

        return self._write(change_all)

    def _keep(self, pipe: PipeEnd, mailbox: Mailbox, job: Job) -> None:
        """Have a child whose job was paused say where it stands; it goes on from there later."""
        _tell(pipe, {"type": "stop"})
        deadline = time.monotonic() + PAUSE_SECONDS
        while came := mailbox.take(deadline - time.monotonic()):
            for message, content in came:
                if message["type"] == "checkpoint":
                    blob = self._upload(content)
                    self._write(partial(reports.checkpoint_of_paused, job=job, blob=blob))
                elif message["type"] in LAST:
                    return

    def _fail(self, job: Job, error: Json) -> None:
        self._write(lambda c: reports.fail(c, job, error))

    def _read(self, query: Callable[[Connection], Result]) -> Result:
        def run() -> Result:
            with self._database.reading() as connection:
                return query(connection)

        return self._patiently(run)

    def _write(self, change: Callable[[Connection], Result]) -> Result:
        def run() -> Result:
            with self._database.writing() as connection:
                return change(connection)

        return self._patiently(run)

    def _upload(self, content: bytes) -> Blob:
        return self._patiently(lambda: self._blobs.upload(content))

    def _patiently(self, action: Callable[[], Result]) -> Result:
        """Try until the store answers: a child goes on training while it is away."""
        pause = 0.1
        while True:
            try:
                return action()
            except (DatabaseAway, DatabaseBusy, ArtifactsAway) as error:
                if self._stop.wait(pause):
                    raise
                log.warning("the store does not answer, trying again: %s", error)
                pause = min(2 * pause, 2.0)


def _epochs(job: Job, ended: list[messages.Message]) -> Change:
    """What epochs change that ended one after the other."""
    for message in ended:
        spans.of_epoch(job, message["entry"])
    return partial(reports.epochs, job=job, messages=ended)


def _tell(pipe: PipeEnd, message: messages.Message) -> None:
    """Ask something of a child, which may just have ended: what it sent before is still there."""
    with contextlib.suppress(ConnectionError):
        messages.send(pipe, message)


def _begin_from(connection: Connection, job: Job, stored: Blobs) -> tuple[bytes, bool]:
    """The checkpoint or model that an attempt begins with, or nothing; whether it is a model."""
    if job.checkpoint_sha256 is not None:
        try:
            return stored.get(connection, job.checkpoint_sha256), False
        except CorruptBlob as error:
            log.error("job %s begins anew, its checkpoint is lost: %s", job.id, error)
    model_id = job.config.get("init_from")
    if model_id is None:
        return b"", False
    model = models.get(connection, model_id)
    if model is None:
        raise ModelGone(model_id)
    try:
        return stored.get(connection, model.sha256), True
    except CorruptBlob as error:
        raise ModelGone(model_id) from error
