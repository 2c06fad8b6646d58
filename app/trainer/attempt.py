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
from multiprocessing import Pipe
from multiprocessing.connection import Connection as PipeEnd
from os import getpid
from threading import Event
from typing import TypeVar

from app.domain import clock, ids
from app.domain.definitions import Limits, NetworkDefinition, summarise
from app.domain.records import DEFAULT_PREPROCESSING, Job, Json, Model
from app.domain.sweeps import MedianStopping
from app.store import aliases, blobs, datasets, jobs, models, sweeps
from app.store.blobs import ArtifactsAway, Blob, Blobs
from app.store.database import Connection, Database, DatabaseAway, DatabaseBusy
from app.trainer import messages, outcome

POLL_SECONDS = 0.2
"""How often a job is looked at for having been cancelled."""

PAUSE_SECONDS = 10.0
"""How long a child whose job was paused has to say where it stands; after that the last checkpoint
counts, from which it comes to the same."""

CRASHES = 3
"""So many dead processes in a row, without a checkpoint between them, and the job has failed."""

_NO_LIMITS = Limits(parameters=2**63, activations=2**63, macs=2**63)


class ModelGone(Exception):
    """The model that a job begins from was deleted."""


log = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class TrainerSettings:
    """What a trainer was started with.

    Attributes:
        name: Stable over restarts: its jobs are given back to it by this name.
        threads: Cores that a job may use.
        checkpoint_seconds: Seconds of work between two checkpoints.
        stall_seconds: A child that reports nothing for so long is ended.
    """

    name: str
    threads: int
    checkpoint_seconds: float
    stall_seconds: float


class Attempts:
    """Runs jobs, each to its end or until the trainer stops."""

    def __init__(
        self, database: Database, blobs: Blobs, settings: TrainerSettings, stop: Event
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._settings = settings
        self._stop = stop

    def run(self, job_id: str, turn: int) -> None:
        """Attempt a job until it has ended; a child that dies is followed by another attempt."""
        while not self._stop.is_set():
            job = self._write(lambda c: jobs.claim(c, job_id, turn))
            if job is None:
                return
            if job.crashes >= CRASHES:
                self._give_up(job)
                return
            try:
                if self._attempt(job):
                    return
            except jobs.ClaimLost:
                log.info("job %s is no longer attempt %d's", job.id, job.attempt)
                return
            except (DatabaseAway, DatabaseBusy, ArtifactsAway):
                raise
            except Exception:
                # What nobody foresaw counts as a crash: it is tried again, but not for ever.
                log.exception("job %s: attempt %d failed", job.id, job.attempt)

    def _attempt(self, job: Job) -> bool:
        """Run a child to its end; whether the job has ended with it."""
        ours, childs = Pipe()
        descriptor = childs.fileno()
        command = [sys.executable, "-m", "app.trainer.run", str(descriptor), str(getpid())]
        child = subprocess.Popen(command, pass_fds=[descriptor])  # noqa: S603 - our own program
        childs.close()
        try:
            self._send_job(ours, job)
            return self._follow(ours, job)
        except ModelGone:
            self._fail(job, outcome.MODEL_GONE)
            return True
        except outcome.DatasetGone as error:
            self._fail(job, outcome.dataset_gone(job, str(error)))
            return True
        except jobs.ClaimLost:
            if self._read(lambda c: jobs.status_under(c, job.id, job.attempt)) == "paused":
                with contextlib.suppress(EOFError, ConnectionError):  # it has just ended
                    self._keep(ours, job)
            raise
        except (EOFError, ConnectionError):
            log.warning("job %s: the process of attempt %d died", job.id, job.attempt)
            return False
        finally:
            child.kill()
            child.wait()
            ours.close()

    def _send_job(self, pipe: PipeEnd, job: Job) -> None:
        outcome.dataset_of(job)  # the child could only die of one that is gone
        weights, initial = self._read(partial(_begin_from, job=job, stored=self._blobs))
        message = {
            "job_id": job.id,
            "definition": job.definition,
            "config": job.config,
            "threads": self._settings.threads,
            "checkpoint_seconds": self._settings.checkpoint_seconds,
            "seconds": job.seconds,
            "initial": initial,
        }
        messages.send(pipe, message, weights)

    def _follow(self, pipe: PipeEnd, job: Job) -> bool:
        """Store a child's reports until its last; whether the job has ended with it."""
        heard = time.monotonic()
        asked_to_stop = False
        while True:
            if pipe.poll(POLL_SECONDS):
                heard = time.monotonic()
                message, content = messages.receive(pipe)
                if message["type"] in ("succeeded", "failed"):
                    self._finish(job, message, content)
                    return True
                if message["type"] == "dataset_gone":
                    raise outcome.DatasetGone(message["reason"])
                if message["type"] == "stopped":
                    self._put_back(job, message)
                    return True
                if self._store(job, message, content):
                    _tell(pipe, {"type": "finish", "stopped_by": "median_stopping"})
            elif time.monotonic() - heard > self._settings.stall_seconds:
                log.warning("job %s: nothing heard for too long", job.id)
                return False
            else:
                self._check_claim(job)
            if self._stop.is_set() and not asked_to_stop:
                _tell(pipe, {"type": "stop"})
                asked_to_stop = True

    def _check_claim(self, job: Job) -> None:
        if self._read(lambda c: jobs.status_under(c, job.id, job.attempt)) != "running":
            raise jobs.ClaimLost(job.id)

    def _keep(self, pipe: PipeEnd, job: Job) -> None:
        """Have a child whose job was paused say where it stands; it goes on from there later."""
        _tell(pipe, {"type": "stop"})
        deadline = time.monotonic() + PAUSE_SECONDS
        while pipe.poll(max(0.0, deadline - time.monotonic())):
            message, content = messages.receive(pipe)
            if message["type"] == "checkpoint":
                blob = self._upload(content)
                self._write(partial(_keep_checkpoint, job=job, blob=blob))
            elif message["type"] in ("stopped", "succeeded", "failed"):
                return

    def _store(self, job: Job, message: messages.Message, content: bytes) -> bool:
        """Write progress, an epoch, what became of the probe, or a checkpoint.

        Returns:
            Whether the job is a trial that falls so far behind that it is to finish now.
        """
        seconds = message["seconds"]
        if message["type"] == "progress":
            data = {**message["progress"], **message["metrics"]}
            data["learning_rate"] = message["learning_rate"]
            changes: Json = {"progress": message["progress"], "seconds": seconds}
            self._write(lambda c: self._progress(c, job, changes, message["metrics"], data))
        elif message["type"] == "epoch":
            return self._write(lambda c: self._epoch(c, job, message))
        elif message["type"] == "probe":
            self._write(partial(_probe, job=job, message=message))
        else:
            blob = self._upload(content)
            self._write(lambda c: self._checkpoint(c, job, blob, seconds))
        return False

    def _progress(
        self, connection: Connection, job: Job, changes: Json, metrics: Json, data: Json
    ) -> None:
        before = jobs.hold(connection, job.id)
        kept = (before and before.metrics) or {}
        changes = {**changes, "metrics": {**kept, **metrics}}
        jobs.record(connection, job.id, job.attempt, changes, [("progress", data)])

    def _epoch(self, connection: Connection, job: Job, message: messages.Message) -> bool:
        before = jobs.hold(connection, job.id)
        if before is None:
            raise jobs.ClaimLost(job.id)
        entry: Json = message["entry"]
        # An attempt that goes on from a checkpoint repeats what came after it, bit by bit.
        history = [*(e for e in before.history if e["epoch"] < entry["epoch"]), entry]
        names = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
        best = next(e for e in history if e["epoch"] == message["best_epoch"])
        changes = {
            "history": history,
            "metrics": {name: entry[name] for name in names},
            "best": {"epoch": best["epoch"], "val_accuracy": best["val_accuracy"]},
            "seconds": message["seconds"],
        }
        known = any(e["epoch"] == entry["epoch"] for e in before.history)
        events = [] if known else [("epoch", entry)]
        jobs.record(connection, job.id, job.attempt, changes, events)
        return entry["epoch"] < job.config["epochs"] and _falls_behind(connection, job, history)

    def _checkpoint(self, connection: Connection, job: Job, blob: Blob, seconds: float) -> None:
        before = jobs.hold(connection, job.id)
        blobs.put(connection, blob)
        changes = {"checkpoint_sha256": blob.sha256, "crashes": 0, "seconds": seconds}
        jobs.record(connection, job.id, job.attempt, changes)
        if before is not None and before.checkpoint_sha256 != blob.sha256:
            blobs.delete_unused(connection, before.checkpoint_sha256)

    def _finish(self, job: Job, message: messages.Message, content: bytes) -> None:
        """One transaction: the model, the last events, the status and the alias."""
        status = message["type"]
        error = message.get("error")
        if error is not None:
            error = {"suggestion": outcome.suggestion(job, error["code"]), **error}

        changes: Json = {"error": error, "seconds": message["seconds"]}
        changes["stopped_by"] = message.get("stopped_by")
        blob = self._upload(content) if content else None

        def write(connection: Connection) -> None:
            if blob is None:
                end: Json = {"model_id": None, "error": error}
                jobs.finish(connection, job.id, job.attempt, status, changes, end)
                return
            blobs.put(connection, blob)
            model = self._model(job, blob, message)
            identical = outcome.identical(connection, job, blob.sha256)
            changes["receipt"] = outcome.receipt(job, blob.sha256, message["receipt"], identical)
            end = {"model_id": model.id, "error": error}
            jobs.finish(connection, job.id, job.attempt, status, changes, end)
            models.insert(connection, model)
            alias = job.config["alias"]
            if status == "succeeded" and alias is not None:
                aliases.point(connection, alias, model.id)

        self._write(write)

    def _model(self, job: Job, blob: Blob, message: messages.Message) -> Model:
        dataset = outcome.dataset_of(job)
        definition = NetworkDefinition.model_validate(job.definition)
        return Model(
            id=ids.new_id("mdl"),
            created_at=clock.now(),
            name=job.name,
            job_id=job.id,
            network_id=job.network_id,
            definition=job.definition,
            dataset=dataset.name,
            classes=dataset.classes,
            preprocessing=DEFAULT_PREPROCESSING,
            parameters=summarise(definition, _NO_LIMITS).parameters,
            size_bytes=len(blob.content),
            sha256=blob.sha256,
            metrics=message["metrics"],
        )

    def _put_back(self, job: Job, message: messages.Message) -> None:
        """Leave the job for the trainer's return; not a crash, the next attempt goes on."""
        reason = "its trainer was stopped; it goes on when a trainer is there"

        def write(connection: Connection) -> None:
            changes = {"seconds": message["seconds"]}
            jobs.record(connection, job.id, job.attempt, changes)
            now = jobs.get(connection, job.id)
            assert now is not None  # noqa: S101 - it was updated a line above
            jobs.move(connection, now, "queued", reason)

        self._write(write)

    def _give_up(self, job: Job) -> None:
        self._fail(job, outcome.process_died(job))

    def _fail(self, job: Job, error: Json) -> None:
        """End a job that could not be begun, or not be gone on with."""

        def write(connection: Connection) -> None:
            end = {"model_id": None, "error": error}
            jobs.finish(connection, job.id, job.attempt, "failed", {"error": error}, end)

        self._write(write)

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


def _keep_checkpoint(connection: Connection, job: Job, blob: Blob) -> None:
    before = jobs.hold(connection, job.id)
    blobs.put(connection, blob)
    changes = {"checkpoint_sha256": blob.sha256, "crashes": 0}
    kept = jobs.keep_checkpoint(connection, job.id, job.attempt, changes)
    blobs.delete_unused(connection, before.checkpoint_sha256 if before and kept else blob.sha256)


def _tell(pipe: PipeEnd, message: messages.Message) -> None:
    """Ask something of a child, which may just have ended: what it sent before is still there."""
    with contextlib.suppress(ConnectionError):
        messages.send(pipe, message)


def _falls_behind(connection: Connection, job: Job, history: list[Json]) -> bool:
    """Whether the rule of the job's sweep stops it after these epochs."""
    sweep = None if job.sweep_id is None else sweeps.get(connection, job.sweep_id)
    if sweep is None or sweep.median_stopping is None:
        return False
    rule = MedianStopping.model_validate(sweep.median_stopping)
    others = [trial["job_id"] for trial in sweep.trials if trial["job_id"] != job.id]
    figures = [
        [entry[sweep.metric] for entry in epochs]
        for epochs in (history, *jobs.histories(connection, others))
    ]
    return rule.stops(sweep.metric, figures[0], figures[1:])


def _probe(connection: Connection, job: Job, message: messages.Message) -> None:
    """What the network makes of the drawing now, with the class by its name."""
    data = dict(message["data"])
    dataset = datasets.get(job.config["dataset"])
    if "label" in data and dataset is not None:
        data["label"] = dataset.classes[data["label"]]
    changes = {"seconds": message["seconds"]}
    jobs.record(connection, job.id, job.attempt, changes, [("probe", data)])


def _begin_from(connection: Connection, job: Job, stored: Blobs) -> tuple[bytes, bool]:
    """The checkpoint or model that an attempt begins with, or nothing; whether it is a model."""
    if job.checkpoint_sha256 is not None:
        return stored.get(connection, job.checkpoint_sha256), False
    model_id = job.config.get("init_from")
    if model_id is None:
        return b"", False
    model = models.get(connection, model_id)
    if model is None:
        raise ModelGone(model_id)
    return stored.get(connection, model.sha256), True
