"""Jobs: submit, cancel and delete them."""

import math
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from app.domain import clock, ids
from app.domain.datasets import Dataset
from app.domain.definitions import Limits, NetworkDefinition, Summary, summarise
from app.domain.drawings import MAX_POINTS, Drawing
from app.domain.errors import (
    InvalidInput,
    NotFound,
    StateConflict,
    TooManyJobs,
    UnusableImage,
)
from app.domain.jobs import (
    CANCELLABLE,
    ENDED,
    PAUSABLE,
    JobConfig,
    JobLimits,
    JobRequest,
    check_fit,
)
from app.domain.presets import PRESETS
from app.domain.recipes import Recipe
from app.domain.records import Job, Json, Model
from app.services.estimates import memory_of
from app.services.models import find_alias
from app.store import datasets, jobs, models, networks
from app.store.database import Connection
from app.vision import strokes
from app.vision.normalize import SIDE


class JobQueue(Protocol):
    """Where a job waits for a trainer."""

    def enqueue(self, connection: Connection, job_id: str, turn: int) -> None:
        """Put a job into the queue for its next turn when the connection's transaction commits."""


def plan(
    connection: Connection, request: JobRequest, limits: Limits, allowed: JobLimits
) -> tuple[Job, JobConfig, Summary]:
    """The job that a request asks for, with every default filled in and everything checked."""
    field = request.network_field
    dataset = _dataset(connection, request.dataset)
    definition, preset = _network(connection, request, len(dataset.classes))
    try:
        summary = summarise(definition, limits)
    except InvalidInput as error:
        moved = [e._replace(loc=(field, *e.loc)) for e in error.errors]
        raise InvalidInput(moved) from error
    recipe = PRESETS[preset].recipe if preset in PRESETS else Recipe()
    config = request.resolve(recipe, seed=secrets.randbits(32))
    _check_dataset(field, config, definition, summary, dataset)
    _check_cost(field, config, summary, dataset, allowed)
    learns = {"dataset_version": dataset.version, "dataset_sha256": dataset.sha256}
    config = config.model_copy(update=learns)
    if config.probe is not None:
        _check_probe(config.probe, definition)
    if config.init_from is not None:
        model = _initial_model(connection, config.init_from, definition)
        config = config.model_copy(update={"init_from": model.id})
    at = clock.now()
    job = Job(
        id=ids.new_id("job"),
        created_at=at,
        definition=definition.model_dump(mode="json"),
        config=config.model_dump(mode="json"),
        history_of_status=[{"status": "queued", "at": at, "reason": None}],
        name=request.name,
        notes=request.notes,
        tags=request.tags,
        network_id=request.network_id,
        preset=preset,
    )
    return job, config, summary


def submit(
    connection: Connection,
    queue: JobQueue,
    request: JobRequest,
    limits: Limits,
    allowed: JobLimits,
    sweep_id: str | None = None,
) -> Job:
    """Store a job and put it into the queue, in the connection's one transaction."""
    datasets.hold(connection, request.dataset)  # nobody deletes it in between
    job, _, _ = plan(connection, request, limits, allowed)
    _check_queue(connection, allowed.queued)
    jobs.insert(connection, replace(job, sweep_id=sweep_id))
    queue.enqueue(connection, job.id, job.turn)
    return find(connection, job.id)


def replay(connection: Connection, queue: JobQueue, job_id: str, most: int) -> Job:
    """Train a job again, all of it as it was; its receipt will say whether the weights are too.

    Raises:
        StateConflict: It has not succeeded, so there is nothing to compare with; or the version
            of its dataset is gone.
    """
    original = find(connection, job_id)
    if original.status != "succeeded":
        msg = f"job {job_id} is {original.status}; one that has succeeded can be replayed"
        raise StateConflict(msg, ("succeeded",))
    datasets.hold(connection, original.config["dataset"])
    if datasets.of_job(connection, original.config) is None:
        msg = f"the version of dataset {original.config['dataset']!r} that it learnt was deleted"
        raise StateConflict(msg)
    _check_queue(connection, most)
    at = clock.now()
    job = Job(
        id=ids.new_id("job"),
        created_at=at,
        definition=original.definition,
        config={
            **original.config,
            "alias": None,
            "replay_of": job_id,
            "stop_after": _end_of(original),
        },
        history_of_status=[{"status": "queued", "at": at, "reason": None}],
        name=original.name,
        network_id=original.network_id,
        preset=original.preset,
    )
    jobs.insert(connection, job)
    queue.enqueue(connection, job.id, job.turn)
    return find(connection, job.id)


def _end_of(job: Job) -> Json | None:
    """Where a training ended, as far as its receipt says it."""
    ended_after = (job.receipt or {}).get("ended_after")
    return ended_after and {**ended_after, "stopped_by": job.stopped_by}


def _check_queue(connection: Connection, most: int) -> None:
    if len(jobs.queue_positions(connection)) >= most:
        raise TooManyJobs(f"{most} jobs are waiting already; try again when some have ended")


def find(connection: Connection, job_id: str) -> Job:
    """A job, or NotFound."""
    job = jobs.get(connection, job_id)
    if job is None:
        raise NotFound("job", job_id)
    return job


def hold(connection: Connection, job_id: str) -> Job:
    """A job that nobody else changes until the transaction ends, or NotFound."""
    job = jobs.hold(connection, job_id)
    if job is None:
        raise NotFound("job", job_id)
    return job


def cancel(connection: Connection, job_id: str) -> Job:
    """End a job now; its trainer finds its claim lost and ends the process.

    Raises:
        StateConflict: It has ended otherwise.
    """
    job = hold(connection, job_id)
    if job.status == "cancelled":
        return job
    if job.status not in CANCELLABLE:
        raise StateConflict(f"job {job_id} has {job.status}, it cannot be cancelled", CANCELLABLE)
    end = {"model_id": None, "error": None}
    jobs.end_of(connection, job, "cancelled", end, "a client asked for it")
    return find(connection, job_id)


def pause(connection: Connection, job_id: str) -> Job:
    """Take a job out of the queue, or its trainer's hands, until it is resumed.

    Raises:
        StateConflict: It has ended.
    """
    job = hold(connection, job_id)
    if job.status == "paused":
        return job
    if job.status not in PAUSABLE:
        raise StateConflict(f"job {job_id} has {job.status}, it cannot be paused", PAUSABLE)
    jobs.move(connection, job, "paused", "a client asked for it")
    return find(connection, job_id)


def resume(connection: Connection, queue: JobQueue, job_id: str) -> Job:
    """Put a paused job into the queue again; it goes on where it stood.

    Raises:
        StateConflict: It has ended.
    """
    job = hold(connection, job_id)
    if job.status in PAUSABLE:
        return job
    if job.status != "paused":
        raise StateConflict(f"job {job_id} has {job.status}, it cannot be resumed", ("paused",))
    jobs.move(connection, job, "queued", "a client asked for it")
    queue.enqueue(connection, job_id, job.turn)
    return find(connection, job_id)


def label(connection: Connection, job_id: str, changes: Mapping[str, Any]) -> Job:
    """Change what a person says of a job: its name, notes or tags."""
    job = hold(connection, job_id)
    if changes:
        jobs.label(connection, job, dict(changes))
    return find(connection, job_id)


def delete(connection: Connection, job_id: str) -> None:
    """Remove a job that has ended; the model that it left stays."""
    job = hold(connection, job_id)
    if job.status not in ENDED:
        raise StateConflict(f"job {job_id} is {job.status}; cancel it before it is deleted", ENDED)
    jobs.delete(connection, job_id)


def _network(
    connection: Connection, request: JobRequest, classes: int
) -> tuple[NetworkDefinition, str | None]:
    """The definition that a request names, and the preset that it came from.

    A preset tells as many classes as there are.
    """
    if request.network is not None:
        return request.network, None
    if request.preset is not None:
        return PRESETS[request.preset].telling(classes), request.preset
    assert request.network_id is not None  # noqa: S101 - one of the three is there
    network = networks.get(connection, request.network_id)
    if network is None:
        raise InvalidInput.at(
            ("network_id",), f"there is no network {request.network_id!r}", "unknown_network"
        )
    return NetworkDefinition.model_validate(network.definition), network.preset


def _check_probe(probe: Drawing, definition: NetworkDefinition) -> None:
    loc = ("probe", "strokes")
    if probe.points > MAX_POINTS:
        msg = f"a drawing has at most {MAX_POINTS} points, got {probe.points}"
        raise InvalidInput.at(loc, msg, "too_many_points")
    if math.prod(definition.input_shape) != SIDE**2:
        msg = f"a drawing becomes {SIDE}×{SIDE} numbers, the network takes {definition.input_shape}"
        raise InvalidInput.at(("probe",), msg, "not_an_image_model")
    try:
        strokes.rasterize(probe.lines)
    except UnusableImage as error:
        raise InvalidInput.at(loc, str(error), error.kind) from error


def _initial_model(connection: Connection, name: str, definition: NetworkDefinition) -> Model:
    """The model whose weights a job begins with, which is of the same network."""
    model = models.get(connection, name)
    if model is None:
        with suppress(NotFound):
            model = models.get(connection, find_alias(connection, name).model_id)
    if model is None:
        raise InvalidInput.at(("init_from",), f"there is no model {name!r}", "unknown_model")
    own = NetworkDefinition.model_validate(model.definition)
    if (own.input_shape, own.layers) != (definition.input_shape, definition.layers):
        raise InvalidInput.at(
            ("init_from",),
            f"model {model.id} is of another network; its weights fit only the same layers",
            "network_mismatch",
        )
    return model


def _check_cost(
    field: str, config: JobConfig, summary: Summary, dataset: Dataset, allowed: JobLimits
) -> None:
    """Refuse what needs more memory or time than a job may have, before any of it is used."""
    if config.max_seconds is not None and config.max_seconds > allowed.seconds:
        msg = f"a job may train for {allowed.seconds:,} s at most, got {config.max_seconds:,.0f}"
        raise InvalidInput.at(("max_seconds",), msg, "too_long")
    needed = memory_of(summary, config.batch_size, dataset)
    if needed > allowed.memory_bytes:
        alone = memory_of(summary, 1, dataset)
        fits = alone <= allowed.memory_bytes
        raise InvalidInput.at(
            ("batch_size",) if fits else (field,),
            f"training would take about {needed:,} bytes of memory, a job may have "
            f"{allowed.memory_bytes:,}; use "
            + ("a smaller batch_size" if fits else "a smaller network or a smaller dataset"),
            "too_much_memory",
        )


NAMED = 10
"""How many datasets are named to somebody who has mistaken one."""


def _dataset(connection: Connection, name: str) -> Dataset:
    """The dataset that a request names, which has something to learn."""
    dataset = datasets.get(connection, name)
    if dataset is None:
        known = ", ".join(datasets.names(connection, NAMED))
        msg = f"there is no dataset {name!r}; the newest are {known}"
        raise InvalidInput.at(("dataset",), msg, "unknown_dataset")
    if dataset.train_samples == 0:
        msg = f"dataset {name!r} has no training samples yet"
        raise InvalidInput.at(("dataset",), msg, "empty_dataset")
    return dataset


def _check_dataset(
    field: str,
    config: JobConfig,
    definition: NetworkDefinition,
    summary: Summary,
    dataset: Dataset,
) -> None:
    check_fit(
        field,
        config,
        tuple(definition.input_shape),
        summary.output_shape,
        summary.layers[-1].type,
        dataset.sample_shape,
        len(dataset.classes),
    )
    available = dataset.train_samples
    if config.train_samples is not None and config.train_samples > available:
        raise InvalidInput.at(
            ("train_samples",),
            f"dataset {dataset.name!r} has {available} training samples, "
            f"got {config.train_samples}",
            "too_many_samples",
        )
    if config.augmentation is not None and len(dataset.sample_shape) != 3:
        raise InvalidInput.at(
            ("augmentation",),
            "augmentation needs images of shape [channels, height, width], those of dataset "
            f"{dataset.name!r} have shape {list(dataset.sample_shape)}",
            "not_images",
        )
    if config.early_stopping is not None and config.validation_split == 0:
        raise InvalidInput.at(
            ("early_stopping",),
            "early stopping watches the validation samples; set validation_split above 0",
            "needs_validation",
        )
    kept = config.train_samples or available
    if kept - round(kept * config.validation_split) < 1:
        raise InvalidInput.at(
            ("validation_split",), "no sample is left to train on", "no_training_samples"
        )
