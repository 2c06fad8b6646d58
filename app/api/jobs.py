"""Jobs: submit, read, wait, list, cancel, delete."""

import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.api.declared import accepted, problems, versioned
from app.api.dependencies import Parts, Services
from app.api.responses import OnceOnly, Pages, listed, tagged
from app.api.schemas.common import ListBody
from app.api.schemas.jobs import JobBody, JobEstimateBody, PlanBody
from app.api.strict_json import StrictRoute
from app.domain import ids
from app.domain.jobs import INTERNAL_FIELDS, JobLabels, JobRequest, JobStatus
from app.domain.records import Job
from app.services import datasets
from app.services import jobs as service
from app.services.estimates import MNIST_SAMPLES, estimate, memory_of
from app.services.models import check_alias_name
from app.services.quotas import check_room
from app.store import jobs as store
from app.store import models
from app.store.database import Connection

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=StrictRoute)

JobId = Annotated[str, Path(description="A job's id.")]

Request_ = Annotated[
    JobRequest,
    Body(
        openapi_examples={
            "preset": {"summary": "A preset, by its recipe", "value": {"preset": "mlp"}},
            "network": {
                "summary": "A stored network, with choices of your own",
                "value": {
                    "network_id": "net_01j9zq3v5k8m2n4p6r8t0w2y4a",
                    "epochs": 5,
                    "optimizer": {"type": "adam", "learning_rate": 0.001},
                    "schedule": {"type": "cosine", "warmup_epochs": 1},
                    "seed": 42,
                    "alias": "digits",
                },
            },
        }
    ),
]


@router.post(
    "",
    status_code=202,
    response_model=JobBody,
    responses={
        200: {"model": PlanBody, "description": "With `validate_only`: what would be done."},
        **accepted(400, 409, 413, 415, 422),
    },
)
def jobs_create(body: Request_, parts: Parts, once: OnceOnly) -> Response:
    """Train a network in the background; it is acknowledged once it is durably stored."""
    if body.alias is not None:
        check_alias_name(body.alias, ("alias",))
    if body.validate_only:
        return _plan(body, parts)

    def create(connection: Connection) -> tuple[JobBody, str]:
        check_room(connection, parts.quotas, "jobs", "models")
        job = service.submit(connection, parts.queue, body, parts.limits, parts.job_limits)
        return _bodies(connection, [job])[0], f"/v1/jobs/{job.id}"

    return once.run(parts.database, 202, create)


@router.get("", responses=problems(422))
def jobs_list(
    parts: Parts,
    pages: Pages,
    status: Annotated[JobStatus | None, Query(description="Only in this status.")] = None,
    tag: Annotated[str | None, Query(max_length=64, description="Only with this tag.")] = None,
) -> ListBody[JobBody]:
    """The jobs, newest first."""
    with parts.database.reading() as connection:
        page = store.page(connection, pages.after(ids.pattern("job")), pages.limit, status, tag)
        bodies = _bodies(connection, page.records)
    parts.registry.learn(body.model_id for body in bodies)
    return listed(bodies, page.next_id)


@router.get("/{job_id}", response_model=JobBody, responses=versioned(404, 422))
async def jobs_read(
    job_id: JobId,
    request: Request,
    parts: Parts,
    wait: Annotated[
        float,
        Query(ge=0, le=60, description="Seconds to wait for the status or epoch to change."),
    ] = 0,
) -> Response:
    """One job; with `wait` as soon as its status or epoch changes, or after so many seconds."""
    job, body = await run_in_threadpool(read, parts, job_id)
    before = (job.status, len(job.history))
    deadline = time.monotonic() + wait
    while (job.status, len(job.history)) == before and job.finished_at is None:
        left = deadline - time.monotonic()
        if left <= 0 or not await parts.watch.changed(job_id, job.last_event, left):
            break
        if await request.is_disconnected():
            break
        job, body = await run_in_threadpool(read, parts, job_id)
    return tagged(request, body)


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    responses=problems(404, 409),
)
def jobs_cancel(job_id: JobId, parts: Parts) -> JobBody:
    """End a job now; asking again is no error."""
    with parts.database.writing() as connection:
        job = service.cancel(connection, job_id)
        return _bodies(connection, [job])[0]


@router.post("/{job_id}/pause", status_code=202, responses=problems(404, 409))
def jobs_pause(job_id: JobId, parts: Parts) -> JobBody:
    """Stop a job where it stands, to be resumed; asking again is no error."""
    with parts.database.writing() as connection:
        job = service.pause(connection, job_id)
        return _bodies(connection, [job])[0]


@router.post("/{job_id}/resume", status_code=202, responses=problems(404, 409))
def jobs_resume(job_id: JobId, parts: Parts) -> JobBody:
    """Go on with a paused job; it ends with the weights of one that was never paused."""
    with parts.database.writing() as connection:
        job = service.resume(connection, parts.queue, job_id)
        return _bodies(connection, [job])[0]


@router.post(
    "/{job_id}/replay",
    status_code=202,
    response_model=JobBody,
    responses=accepted(404, 409, 422),
)
def jobs_replay(job_id: JobId, parts: Parts, once: OnceOnly) -> Response:
    """Train a job again; the receipt of the new one says whether its weights are identical."""

    def create(connection: Connection) -> tuple[JobBody, str]:
        check_room(connection, parts.quotas, "jobs", "models")
        job = service.replay(connection, parts.queue, job_id, parts.job_limits.queued)
        return _bodies(connection, [job])[0], f"/v1/jobs/{job.id}"

    return once.run(parts.database, 202, create)


@router.patch("/{job_id}", responses=problems(400, 404, 413, 415, 422))
def jobs_update(
    job_id: JobId,
    body: Annotated[JobLabels, Body(examples=[{"name": "second try", "tags": ["a"]}])],
    parts: Parts,
) -> JobBody:
    """Change a job's name, notes or tags; what is not sent stays."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    with parts.database.writing() as connection:
        job = service.label(connection, job_id, changes)
        return _bodies(connection, [job])[0]


@router.delete("/{job_id}", status_code=204, responses=problems(404, 409))
def jobs_delete(job_id: JobId, parts: Parts) -> None:
    """Remove a job that has ended; the model that it left stays."""
    with parts.database.writing() as connection:
        service.delete(connection, job_id)


def read(parts: Services, job_id: str) -> tuple[Job, JobBody]:
    """A job and its body; the registry learns of a model that the client now learns of."""
    with parts.database.reading() as connection:
        job = service.find(connection, job_id)
        body = _bodies(connection, [job])[0]
    parts.registry.learn([body.model_id])
    return job, body


def _bodies(connection: Connection, jobs: Sequence[Job]) -> list[JobBody]:
    trained = models.of_jobs(connection, [job.id for job in jobs])
    queued = any(job.status == "queued" for job in jobs)
    positions = store.queue_positions(connection) if queued else {}
    return [JobBody.of(job, trained.get(job.id), positions.get(job.id)) for job in jobs]


def _plan(body: JobRequest, parts: Services) -> Response:
    """What a job would be and cost, with nothing stored."""
    with parts.database.reading() as connection:
        job, config, summary = service.plan(connection, body, parts.limits, parts.job_limits)
        dataset = datasets.find(connection, config.dataset)
    cost = estimate(summary, parts.threads)
    memory = memory_of(summary, config.batch_size, dataset)
    share = (config.train_samples or dataset.train_samples) / MNIST_SAMPLES
    seconds = round(config.epochs * share * cost.seconds_per_epoch, 3)
    answer = PlanBody(
        config=config.model_dump(mode="json", exclude=set(INTERNAL_FIELDS)),
        network=job.definition,
        parameters=summary.parameters,
        macs=summary.macs,
        estimate=JobEstimateBody(memory_bytes=memory, seconds=seconds),
    )
    return Response(answer.model_dump_json(), 200, media_type="application/json")
