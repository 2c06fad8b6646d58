"""Sweeps: start many jobs at once, rank what they come to, cancel them all."""

from dataclasses import dataclass
from typing import Any

from app.domain import clock, ids
from app.domain.definitions import Limits
from app.domain.errors import InvalidInput, NotFound, TooManyJobs
from app.domain.jobs import CANCELLABLE, ENDED, JobLimits
from app.domain.records import Job, Sweep
from app.domain.sweeps import Parameters, SweepRequest
from app.services.jobs import JobQueue, cancel, plan, submit
from app.store import jobs, sweeps
from app.store.database import Connection


@dataclass(frozen=True)
class Trial:
    """One job of a sweep; `rank` counts from 1, the best first, where there is a value."""

    job: Job
    parameters: Parameters
    value: float | None
    rank: int | None


def start(
    connection: Connection,
    queue: JobQueue,
    request: SweepRequest,
    limits: Limits,
    allowed: JobLimits,
) -> Sweep:
    """Store every trial and put it into the queue, in the connection's one transaction.

    Raises:
        InvalidInput: A trial cannot be trained.
    """
    try:
        _, config, _ = plan(connection, request.base, limits, allowed)
    except InvalidInput as error:
        moved = [one._replace(loc=("base", *one.loc)) for one in error.errors]
        raise InvalidInput(moved) from error
    combinations = request.combinations()
    most = allowed.queued
    if len(jobs.queue_positions(connection)) + len(combinations) > most:
        raise TooManyJobs(f"{most} jobs may wait, and this would be too many; try again later")
    sweep_id = ids.new_id("swp")
    trials = []
    for parameters in combinations:
        job_request = request.trial(parameters, config.model_dump(mode="json"))
        if job_request.seed is None and "seed" not in parameters:
            # The same draws for all: what differs is the parameters' doing.
            job_request = job_request.model_copy(update={"seed": config.seed})
            job_request.model_fields_set.add("seed")
        try:
            job = submit(connection, queue, job_request, limits, allowed, sweep_id)
        except InvalidInput as error:
            moved = [one._replace(loc=("grid", *one.loc)) for one in error.errors]
            raise InvalidInput(moved) from error
        trials.append({"job_id": job.id, "parameters": parameters})
    rule = request.median_stopping
    sweep = Sweep(
        id=sweep_id,
        created_at=clock.now(),
        metric=request.metric,
        trials=trials,
        median_stopping=None if rule is None else rule.model_dump(mode="json"),
    )
    sweeps.insert(connection, sweep)
    return sweep


def find(connection: Connection, sweep_id: str) -> Sweep:
    """A sweep, or NotFound."""
    sweep = sweeps.get(connection, sweep_id)
    if sweep is None:
        raise NotFound("sweep", sweep_id)
    return sweep


def ranked(connection: Connection, sweep: Sweep) -> list[Trial]:
    """Its trials, the best first; those without a value last, and those deleted left out."""
    found: list[tuple[Job, Any]] = []
    for trial in sweep.trials:
        job = jobs.get(connection, trial["job_id"])
        if job is not None:
            found.append((job, trial["parameters"]))
    valued = [(job, parameters, _value(job, sweep.metric)) for job, parameters in found]
    sign = 1 if sweep.metric.endswith("loss") else -1
    valued.sort(key=lambda one: (one[2] is None, sign * (one[2] or 0.0)))
    return [
        Trial(job, parameters, value, None if value is None else i)
        for i, (job, parameters, value) in enumerate(valued, 1)
    ]


def _value(job: Job, metric: str) -> float | None:
    """The figure of the epoch that was best by it."""
    values = [entry[metric] for entry in job.history if entry.get(metric) is not None]
    if not values:
        return None
    return float(min(values) if metric.endswith("loss") else max(values))


def status(trials: list[Trial]) -> str:
    """Running until all have ended; then cancelled, failed or succeeded, by what most befell."""
    statuses = {trial.job.status for trial in trials}
    if statuses.difference(ENDED):
        return "queued" if statuses == {"queued"} else "running"
    if "succeeded" in statuses or not statuses:
        return "cancelled" if "cancelled" in statuses else "succeeded"
    return "cancelled" if "cancelled" in statuses else "failed"


def cancel_all(connection: Connection, sweep_id: str) -> Sweep:
    """Cancel every trial that has not ended; asking again is no error."""
    sweep = find(connection, sweep_id)
    for job_id in sorted(trial["job_id"] for trial in sweep.trials):
        job = jobs.hold(connection, job_id)  # in one order for all, so that none wait in a circle
        if job is not None and job.status in CANCELLABLE:
            cancel(connection, job_id)
    return sweep
