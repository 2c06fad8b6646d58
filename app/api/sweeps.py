"""Sweeps: many jobs at once."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response

from app.api.declared import accepted, problems, versioned
from app.api.dependencies import Parts
from app.api.responses import OnceOnly, tagged
from app.api.schemas.sweeps import SweepBody
from app.api.strict_json import StrictRoute
from app.domain.records import Sweep
from app.domain.sweeps import SweepRequest
from app.services import sweeps as service
from app.services.quotas import check_room
from app.store.database import Connection

router = APIRouter(prefix="/v1/sweeps", tags=["sweeps"], route_class=StrictRoute)

SweepId = Annotated[str, Path(description="A sweep's id.")]

EXAMPLE = {
    "base": {"preset": "mlp", "epochs": 3},
    "grid": {"optimizer.learning_rate": [0.001, 0.003], "batch_size": [64, 128]},
    "metric": "val_accuracy",
}


@router.post(
    "",
    status_code=202,
    response_model=SweepBody,
    responses=accepted(400, 409, 413, 415, 422),
)
def sweeps_create(
    body: Annotated[SweepRequest, Body(examples=[EXAMPLE])], parts: Parts, once: OnceOnly
) -> Response:
    """Train a job for every combination of a grid's values, or for as many as are drawn."""

    def create(connection: Connection) -> tuple[SweepBody, str]:
        check_room(connection, parts.quotas, "models")
        sweep = service.start(connection, parts.queue, body, parts.limits, parts.job_limits)
        check_room(connection, parts.quotas, "jobs", more=0)
        return _body(connection, sweep), f"/v1/sweeps/{sweep.id}"

    return once.run(parts.database, 202, create)


@router.get("/{sweep_id}", response_model=SweepBody, responses=versioned(404))
def sweeps_read(sweep_id: SweepId, request: Request, parts: Parts) -> Response:
    """A sweep's trials, the best first, with only what differs between them."""
    with parts.database.reading() as connection:
        return tagged(request, _body(connection, service.find(connection, sweep_id)))


@router.post("/{sweep_id}/cancel", status_code=202, responses=problems(404))
def sweeps_cancel(sweep_id: SweepId, parts: Parts) -> SweepBody:
    """Cancel every trial that has not ended; asking again is no error."""
    with parts.database.writing() as connection:
        return _body(connection, service.cancel_all(connection, sweep_id))


def _body(connection: Connection, sweep: Sweep) -> SweepBody:
    return SweepBody.of(sweep, service.ranked(connection, sweep))
