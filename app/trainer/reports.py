"""What a child reports, as it is stored: each a change within one transaction.

Every write carries the number of the attempt, and raises ClaimLost where the job is no longer its.
"""

from app.children.messages import Message
from app.domain import clock, ids
from app.domain.datasets import Dataset
from app.domain.definitions import NetworkDefinition, summarise
from app.domain.records import DEFAULT_PREPROCESSING, Job, Json, Model
from app.domain.sweeps import MedianStopping
from app.store import aliases, blobs, jobs, models, sweeps
from app.store.blobs import Blob
from app.store.database import Connection
from app.trainer import outcome


def progress(connection: Connection, job: Job, message: Message) -> None:
    """How far it has come within an epoch."""
    before = jobs.hold(connection, job.id)
    kept = (before and before.metrics) or {}
    changes: Json = {
        "progress": message["progress"],
        "metrics": {**kept, **message["metrics"]},
        "seconds": message["seconds"],
    }
    data = {**message["progress"], **message["metrics"]}
    data["learning_rate"] = message["learning_rate"]
    jobs.record(connection, job.id, job.attempt, changes, [("progress", data)])


def probe(connection: Connection, job: Job, dataset: Dataset, message: Message) -> None:
    """What the network makes of the drawing now, with the class by its name."""
    data = dict(message["data"])
    if "label" in data:
        data["label"] = dataset.classes[data["label"]]
    changes = {"seconds": message["seconds"]}
    jobs.record(connection, job.id, job.attempt, changes, [("probe", data)])


def epochs(connection: Connection, job: Job, messages: list[Message]) -> bool:
    """The figures of epochs that ended one after the other.

    They are stored at once, since each alone would write the whole history again.

    Returns:
        Whether the job is a trial so far behind that it is to finish now.
    """
    before = jobs.hold(connection, job.id)
    if before is None:
        raise jobs.ClaimLost(job.id)
    entries: list[Json] = [message["entry"] for message in messages]
    first, last = entries[0], entries[-1]
    # An attempt that goes on from a checkpoint repeats what came after it, bit by bit.
    known = {entry["epoch"] for entry in before.history}
    history = [*(e for e in before.history if e["epoch"] < first["epoch"]), *entries]
    names = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")
    best = next(e for e in history if e["epoch"] == messages[-1]["best_epoch"])
    changes = {
        "history": history,
        "metrics": {name: last[name] for name in names},
        "best": {"epoch": best["epoch"], "val_accuracy": best["val_accuracy"]},
        "seconds": messages[-1]["seconds"],
    }
    events = [("epoch", entry) for entry in entries if entry["epoch"] not in known]
    jobs.record(connection, job.id, job.attempt, changes, events)
    return last["epoch"] < job.config["epochs"] and _falls_behind(connection, job, history)


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


def checkpoint(connection: Connection, job: Job, blob: Blob, seconds: float) -> None:
    """Where the next attempt goes on, in place of where it would have gone on before."""
    before = jobs.hold(connection, job.id)
    blobs.put(connection, blob)
    changes = {"checkpoint_sha256": blob.sha256, "crashes": 0, "seconds": seconds}
    jobs.record(connection, job.id, job.attempt, changes)
    if before is not None and before.checkpoint_sha256 != blob.sha256:
        blobs.delete_unused(connection, before.checkpoint_sha256)


def checkpoint_of_paused(connection: Connection, job: Job, blob: Blob) -> None:
    """The same for a job that was paused, unless somebody has gone on with it."""
    before = jobs.hold(connection, job.id)
    blobs.put(connection, blob)
    changes = {"checkpoint_sha256": blob.sha256, "crashes": 0}
    kept = jobs.keep_checkpoint(connection, job.id, job.attempt, changes)
    blobs.delete_unused(connection, before.checkpoint_sha256 if before and kept else blob.sha256)


def put_back(connection: Connection, job: Job, message: Message) -> None:
    """Leave the job for the trainer's return; not a crash, the next attempt goes on."""
    jobs.record(connection, job.id, job.attempt, {"seconds": message["seconds"]})
    now = jobs.get(connection, job.id)
    assert now is not None  # noqa: S101 - it was updated a line above
    reason = "its trainer was stopped; it goes on when a trainer is there"
    jobs.move(connection, now, "queued", reason)


def finish(
    connection: Connection,
    job: Job,
    dataset: Dataset,
    message: Message,
    weights: Blob | None,
    familiarity: Blob | None,
) -> None:
    """The end of a job, all at once: the model, the last events, the status and the alias."""
    status, error = message["type"], message.get("error")
    if error is not None:
        error = {"suggestion": outcome.suggestion(job, error["code"]), **error}
    changes: Json = {
        "error": error,
        "seconds": message["seconds"],
        "stopped_by": message.get("stopped_by"),
    }
    if weights is None:
        end: Json = {"model_id": None, "error": error}
        jobs.finish(connection, job.id, job.attempt, status, changes, end)
        return
    blobs.put(connection, weights)
    if familiarity is not None:
        blobs.put(connection, familiarity)
    model = _model(job, dataset, weights, familiarity, message)
    identical = outcome.identical(connection, job, weights.sha256)
    changes["receipt"] = outcome.receipt(
        job, dataset, weights.sha256, message["receipt"], identical
    )
    end = {"model_id": model.id, "error": error}
    jobs.finish(connection, job.id, job.attempt, status, changes, end)
    models.insert(connection, model)
    alias = job.config["alias"]
    if status == "succeeded" and alias is not None:
        aliases.point(connection, alias, model.id)


def _model(
    job: Job, dataset: Dataset, weights: Blob, familiarity: Blob | None, message: Message
) -> Model:
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
        parameters=summarise(definition).parameters,
        size_bytes=len(weights.content),
        sha256=weights.sha256,
        metrics=message["metrics"],
        familiarity_sha256=None if familiarity is None else familiarity.sha256,
    )


def fail(connection: Connection, job: Job, error: Json) -> None:
    """The end of a job that could not be begun, or not be gone on with."""
    end = {"model_id": None, "error": error}
    jobs.finish(connection, job.id, job.attempt, "failed", {"error": error}, end)
