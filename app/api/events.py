"""A job's events, as a stream that loses and repeats nothing, or as a list.

Events are read from the store, never from memory, so a stream goes on across restarts and replicas
from whatever id its reader has seen.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.declared import problems
from app.api.dependencies import Parts, Services
from app.api.jobs import JobId, read
from app.api.schemas.jobs import EventBody, EventsBody
from app.api.strict_json import StrictRoute
from app.domain.errors import InvalidInput
from app.domain.jobs import ENDED
from app.domain.records import Job, JobEvent
from app.store import jobs as store
from app.store.database import DatabaseAway, DatabaseBusy

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=StrictRoute)

KEEP_ALIVE_SECONDS = 2.0
"""Silence is broken so often: common clients give up after five seconds of it."""

AWAY_SECONDS = 1.0
"""How often a database that is away is tried again; the stream stays."""

BATCH = 500

NEWEST = 2**31 - 1
"""Above every id of an event, and still a number that every database knows."""

_STREAM_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # a proxy must pass events on at once
}


_STREAM = (
    'id: 3\nevent: status\ndata: {"at": "2026-11-24T12:00:00.000000Z", "status": "running"}\n\n'
    'id: 4\nevent: end\ndata: {"at": "2026-11-24T12:00:09.000000Z", "status": "succeeded", '
    '"model_id": "mdl_01j9zq3v5k8m2n4p6r8t0w2y4a"}\n\n'
)


@router.get(
    "/{job_id}/events",
    response_class=Response,
    responses={
        200: {
            "description": "The events: as a stream, or with `Accept: application/json` as a list.",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "string",
                        "description": "Server-sent events: `id`, `event`, and JSON as `data`.",
                    },
                    "example": _STREAM,
                },
                "application/json": {"schema": {"$ref": "#/components/schemas/EventsBody"}},
            },
        },
        204: {"description": "The reader has seen the end."},
        **problems(404, 422),
    },
)
async def jobs_events(
    job_id: JobId,
    request: Request,
    parts: Parts,
    after: Annotated[
        int | None, Query(ge=0, le=NEWEST, description="Only what follows this id.")
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(
            max_length=20,
            json_schema_extra={"pattern": "^[0-9]*$"},
            description="The same, as browsers send it.",
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Events a list.")] = 500,
) -> Response:
    """What happens to a job: `snapshot` first, then what follows, until `end`.

    With `after=0` all from the first; with `Last-Event-ID` what the reader has missed.
    """
    seen = _seen(after, last_event_id)
    job, body = await run_in_threadpool(read, parts, job_id)
    if "application/json" in request.headers.get("accept", ""):
        return await run_in_threadpool(_as_list, parts, job_id, seen or 0, limit)
    if seen is not None and job.status in ENDED and seen >= job.last_event:
        return Response(status_code=204)
    snapshot = None
    if seen is None:
        seen = _included(job)
        snapshot = _frame(seen, "snapshot", body.model_dump())
    client = request.client.host if request.client else ""
    place = ExitStack()
    place.enter_context(parts.streams.one_more(client))
    return _Stream(_events(parts, job_id, seen, snapshot), place)


def _seen(after: int | None, last_event_id: str | None) -> int | None:
    if last_event_id is None or last_event_id == "":
        return after
    if not (last_event_id.isascii() and last_event_id.isdigit()):
        msg = f"an event's id is a number, got {last_event_id!r}"
        raise InvalidInput.at(("header", "Last-Event-ID"), msg, "event_id_invalid")
    return min(int(last_event_id), NEWEST)


def _included(job: Job) -> int:
    """The newest event that a snapshot includes: all but the end, which follows it."""
    return job.last_event - 1 if job.status in ENDED else job.last_event


class _Stream(StreamingResponse):
    """A stream of events that gives its place back however it ends, also before it began."""

    def __init__(self, events: AsyncIterator[str], place: ExitStack) -> None:
        super().__init__(events, headers=_STREAM_HEADERS, media_type="text/event-stream")
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await super().__call__(scope, receive, send)


async def _events(
    parts: Services, job_id: str, seen: int, snapshot: str | None
) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    if snapshot is not None:
        yield snapshot
    while not parts.watch.closing:
        try:
            events = await run_in_threadpool(_read, parts, job_id, seen, BATCH)
        except (DatabaseAway, DatabaseBusy):
            yield ": the database is away\n\n"
            await asyncio.sleep(AWAY_SECONDS)
            continue
        if events is None:
            return
        for event in events:
            data = {"at": event.at, **event.data}
            yield _frame(event.id, event.event, data)
            seen = event.id
            if event.event == "end":
                return
        if not events and not await parts.watch.changed(job_id, seen, KEEP_ALIVE_SECONDS):
            yield ": keep-alive\n\n"


def _read(parts: Services, job_id: str, seen: int, most: int) -> list[JobEvent] | None:
    """The events that follow; None where the job is gone.

    The registry learns of a model that the reader now learns of.
    """
    with parts.database.reading() as connection:
        events = store.events(connection, job_id, seen, most)
        if not events and store.get(connection, job_id) is None:
            return None
    parts.registry.learn(event.data["model_id"] for event in events if event.event == "end")
    return events


def _as_list(parts: Services, job_id: str, seen: int, limit: int) -> Response:
    events = _read(parts, job_id, seen, limit) or []
    body = EventsBody(
        data=[EventBody.of(event) for event in events],
        next_after=events[-1].id if events else seen,
    )
    return Response(body.model_dump_json(), media_type="application/json")


def _frame(event_id: int, event: str, data: dict[str, Any]) -> str:
    """One event in the form of the HTML standard's server-sent events."""
    text = json.dumps(data, allow_nan=False)
    return f"id: {event_id}\nevent: {event}\ndata: {text}\n\n"
