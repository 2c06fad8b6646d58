"""Whether the process lives, whether it can serve, and figures for Prometheus."""

from fastapi import APIRouter, Response
from starlette.types import Scope

from app.api.declared import headers, problems
from app.api.dependencies import Parts, Services
from app.api.metrics import CONTENT_TYPE, Metrics
from app.api.schemas.service import AliveBody, ReadyBody
from app.domain.jobs import STATUSES
from app.store import health as store
from app.store import trainers as store_trainers
from app.store.database import DatabaseAway, DatabaseBusy

_METRICS = 'mnistry_jobs{status="succeeded"} 12.0\n'


def routes(metrics: Metrics) -> APIRouter:
    """The routes, which show the figures of this process."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz", responses=problems())
    async def health_live() -> AliveBody:
        """The process answers."""
        return AliveBody(ok=True)

    @router.get(
        "/readyz",
        response_model=ReadyBody,
        responses={
            **problems(),
            200: {"description": "Everything is there."},
            503: {
                "model": ReadyBody,
                "description": "Something is missing; `checks` says what.",
                "headers": headers("Retry-After"),
            },
        },
    )
    def health_ready(parts: Parts) -> Response:
        """Everything that the service needs is there."""
        checks = _checks(parts)
        ready = all(checks.values())
        content = ReadyBody(ready=ready, checks=checks).model_dump_json()
        if ready:
            return Response(content, media_type="application/json")
        return Response(content, 503, {"Retry-After": "1"}, "application/json")

    @router.get(
        "/metrics",
        response_class=Response,
        responses={
            200: {
                "description": "Figures in the text format of Prometheus.",
                "content": {"text/plain": {"schema": {"type": "string"}, "example": _METRICS}},
            },
            **problems(),
        },
    )
    def health_metrics(parts: Parts) -> Response:
        """Figures for Prometheus."""
        with parts.database.reading() as connection:
            counts = store.jobs_by_status(connection)
            models = store.models(connection)
            trainers = len(store_trainers.living(connection))
        jobs: dict[str, int] = {status: counts.get(status, 0) for status in STATUSES}
        return Response(metrics.text(jobs, models, trainers), media_type=CONTENT_TYPE)

    return router


def is_probe(scope: Scope) -> bool:
    """Whether a request only looks after the service: that is no work to be traced."""
    return scope["path"] in ("/healthz", "/readyz", "/metrics")


def storage_checks(parts: Services) -> dict[str, bool]:
    """Whether models can be read."""
    try:
        with parts.database.reading() as connection:
            store.jobs_by_status(connection)
    except (DatabaseAway, DatabaseBusy):
        return {"database": False, "artifacts": False}
    # In the database where there is no other storage.
    artifacts = parts.blobs.storage is None or parts.blobs.storage.is_there()
    return {"database": True, "artifacts": artifacts}


def _checks(parts: Services) -> dict[str, bool]:
    try:
        with parts.database.reading() as connection:
            trainers = bool(store_trainers.living(connection))
    except (DatabaseAway, DatabaseBusy):
        trainers = False
    return {**storage_checks(parts), "trainers": trainers}
