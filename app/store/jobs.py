"""Jobs and their events: what a client sees, and the rule that fences a trainer's writes.

Every write of a trainer carries the number of its attempt and finds the job running under it, or
finds nothing: an attempt that was cancelled, or taken over by another, changes nothing any more.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from app.domain import clock
from app.domain.jobs import JobStatus
from app.domain.records import Job, JobEvent, Json
from app.store import blobs, pages
from app.store.tables import job_events, job_tags, jobs


class ClaimLost(Exception):
    """The job no longer runs under this attempt."""


def insert(connection: sa.Connection, job: Job) -> None:
    """Store a new job with its first event."""
    connection.execute(jobs.insert().values(asdict(job)))
    _tag(connection, job.id, job.tags)
    _append(connection, job.id, [("status", {"status": job.status})])


def get(connection: sa.Connection, job_id: str) -> Job | None:
    row = connection.execute(jobs.select().where(jobs.c.id == job_id)).mappings().one_or_none()
    return None if row is None else Job(**row)


def hold(connection: sa.Connection, job_id: str) -> Job | None:
    """The job, which nobody else changes until the transaction ends."""
    query = jobs.select().where(jobs.c.id == job_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Job(**row)


def page(
    connection: sa.Connection,
    after: str | None,
    limit: int,
    status: JobStatus | None = None,
    tag: str | None = None,
) -> pages.Page[Job]:
    query = sa.select(jobs)
    if status is not None:
        query = query.where(jobs.c.status == status)
    if tag is not None:
        tagged = sa.select(job_tags.c.job_id).where(job_tags.c.tag == tag)
        query = query.where(jobs.c.id.in_(tagged))
    rows = pages.fetch(connection, query, after, limit)
    return pages.Page([Job(**row) for row in rows.records], rows.next_id)


def unfinished(connection: sa.Connection) -> list[Job]:
    """The jobs that the queue has to have."""
    query = jobs.select().where(jobs.c.status.in_(("queued", "running"))).order_by(jobs.c.id)
    return [Job(**row) for row in connection.execute(query).mappings()]


def queue_positions(connection: sa.Connection) -> dict[str, int]:
    """The place of every queued job, from 1; the oldest is next."""
    queued = sa.select(jobs.c.id).where(jobs.c.status == "queued").order_by(jobs.c.id)
    return {job_id: i for i, job_id in enumerate(connection.execute(queued).scalars(), 1)}


def last_events(connection: sa.Connection, job_ids: Sequence[str]) -> dict[str, int]:
    """The id of the newest event of each job."""
    query = sa.select(jobs.c.id, jobs.c.last_event).where(jobs.c.id.in_(job_ids))
    return {row.id: row.last_event for row in connection.execute(query)}


def histories(connection: sa.Connection, job_ids: Sequence[str]) -> list[list[Json]]:
    """The epochs that have ended, of each job that is there."""
    query = sa.select(jobs.c.history).where(jobs.c.id.in_(job_ids))
    return list(connection.execute(query).scalars())


def events(
    connection: sa.Connection, job_id: str, after: int, limit: int | None = None
) -> list[JobEvent]:
    """A job's events with ids above `after`, oldest first."""
    query = (
        sa.select(job_events.c.id, job_events.c.event, job_events.c.at, job_events.c.data)
        .where(job_events.c.job_id == job_id, job_events.c.id > after)
        .order_by(job_events.c.id)
        .limit(limit)
    )
    return [JobEvent(**row) for row in connection.execute(query).mappings()]


def claim(connection: sa.Connection, job_id: str, turn: int) -> Job | None:
    """Begin the next attempt at a job; None where it has ended, or waits for another turn."""
    job = hold(connection, job_id)
    if job is None or job.status not in ("queued", "running") or job.turn != turn:
        return None
    at = clock.now()
    changes: dict[str, Any] = {
        "attempt": job.attempt + 1,
        "crashes": job.crashes + (job.status == "running"),
        "started_at": job.started_at or at,
    }
    reason = None if job.status == "queued" else "its process was lost; it goes on from there"
    move(connection, job, "running", reason, changes)
    return get(connection, job_id)


def move(
    connection: sa.Connection,
    job: Job,
    status: JobStatus,
    reason: str | None = None,
    changes: Json | None = None,
) -> None:
    """Change a job's status, with its history and an event; the caller holds the job."""
    entry = {"status": status, "at": clock.now(), "reason": reason}
    values = {
        "status": status,
        "history_of_status": [*job.history_of_status, entry],
        **(changes or {}),
    }
    connection.execute(jobs.update().where(jobs.c.id == job.id).values(values))
    _append(connection, job.id, [("status", {"status": status, "reason": reason})])


def record(
    connection: sa.Connection,
    job_id: str,
    attempt: int,
    changes: Json,
    events: Sequence[tuple[str, Json]] = (),
) -> None:
    """Write what an attempt has done.

    Raises:
        ClaimLost: The job no longer runs under this attempt.
    """
    mine = (jobs.c.id == job_id, jobs.c.attempt == attempt, jobs.c.status == "running")
    if connection.execute(jobs.update().where(*mine).values(changes)).rowcount != 1:
        raise ClaimLost(job_id)
    _append(connection, job_id, events)


def keep_checkpoint(connection: sa.Connection, job_id: str, attempt: int, changes: Json) -> bool:
    """Write where an attempt stood when its job was paused; whether nobody has gone on since."""
    left = (
        jobs.c.id == job_id,
        jobs.c.attempt == attempt,
        jobs.c.status.in_(("paused", "queued")),
    )
    return connection.execute(jobs.update().where(*left).values(changes)).rowcount == 1


def label(connection: sa.Connection, job: Job, changes: Json) -> None:
    """Change what a person says of a job."""
    connection.execute(jobs.update().where(jobs.c.id == job.id).values(changes))
    if "tags" in changes:
        connection.execute(job_tags.delete().where(job_tags.c.job_id == job.id))
        _tag(connection, job.id, changes["tags"])


def _tag(connection: sa.Connection, job_id: str, tags: Sequence[str]) -> None:
    if tags:
        rows = [{"job_id": job_id, "tag": tag} for tag in dict.fromkeys(tags)]
        connection.execute(job_tags.insert(), rows)


def finish(
    connection: sa.Connection,
    job_id: str,
    attempt: int,
    status: JobStatus,
    changes: Json,
    end: Json,
    reason: str | None = None,
) -> None:
    """End an attempt's job, with its last events; its checkpoint is not needed any more.

    Raises:
        ClaimLost: The job no longer runs under this attempt.
    """
    record(connection, job_id, attempt, {"finished_at": clock.now(), **changes})
    job = get(connection, job_id)
    assert job is not None  # noqa: S101 - it was updated a line above
    end_of(connection, job, status, end, reason)


def end_of(
    connection: sa.Connection, job: Job, status: JobStatus, end: Json, reason: str | None
) -> None:
    """Move a job to its last status and write the event after which there is none."""
    changes = {"checkpoint_sha256": None, "finished_at": job.finished_at or clock.now()}
    move(connection, job, status, reason, changes)
    _append(connection, job.id, [("end", {"status": status, **end})])
    blobs.delete_unused(connection, job.checkpoint_sha256)


def status_under(connection: sa.Connection, job_id: str, attempt: int) -> JobStatus | None:
    """The job's status, as far as this attempt is the newest; None where another is, or none."""
    query = sa.select(jobs.c.status, jobs.c.attempt).where(jobs.c.id == job_id)
    row = connection.execute(query).one_or_none()
    if row is None or row.attempt != attempt:
        return None
    status: JobStatus = row.status
    return status


def delete(connection: sa.Connection, job_id: str) -> None:
    """Remove a job with its events; its model stays."""
    connection.execute(jobs.delete().where(jobs.c.id == job_id))


def _append(connection: sa.Connection, job_id: str, events: Sequence[tuple[str, Json]]) -> None:
    """Add events; their ids continue the job's count, which is moved on in the same statement."""
    if not events:
        return
    at = clock.now()
    moved = (
        jobs.update()
        .where(jobs.c.id == job_id)
        .values(last_event=jobs.c.last_event + len(events))
        .returning(jobs.c.last_event)
    )
    first = connection.execute(moved).scalar_one() - len(events) + 1
    rows = [
        {"job_id": job_id, "id": first + i, "event": event, "at": at, "data": data}
        for i, (event, data) in enumerate(events)
    ]
    connection.execute(job_events.insert(), rows)
