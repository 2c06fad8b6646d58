"""Whether everything in the store fits together: what each rule of the design promises, looked up.

Reads only, and may run beside a service that works: what is being changed in that moment is looked
at a second time before it is called wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.domain.datasets import SPLITS
from app.domain.jobs import ENDED
from app.store import jobs as store_jobs
from app.store.blobs import ArtifactsAway, Blobs, CorruptBlob, needed, unnamed
from app.store.database import Database
from app.store.datasets import PRINT
from app.store.tables import (
    aliases,
    blobs,
    dataset_chunks,
    dataset_versions,
    datasets,
    job_events,
    jobs,
    models,
    objects,
)

BATCH = 1000


@dataclass
class Report:
    """What was found.

    Attributes:
        problems: What is wrong, a line each.
        counted: How many of each were looked at.
        left_behind: Objects that no row names; not wrong, a sweep removes them.
    """

    problems: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    left_behind: int = 0


def check(database: Database, stored: Blobs, waiting: Callable[[], set[str]]) -> Report:
    """Look at everything.

    Args:
        database: The rows.
        stored: The blobs.
        waiting: Asks the queue which jobs it has.
    """
    report = Report()
    with database.reading() as connection:
        if database.is_sqlite:
            report.problems += _damage(connection)
        for rule in (_jobs, _models, _aliases, _datasets):
            report.problems += rule(connection, report.counted)
        unfinished = _unfinished(connection)
    # The queue is asked after the jobs, and the jobs once more after the queue: one that has ended
    # in between has left both.
    lost = unfinished - waiting()
    with database.reading() as connection:
        lost &= _unfinished(connection)
        report.problems += [f"job {job_id} is in no queue" for job_id in sorted(lost)]
        report.problems += _blobs(connection, stored, report.counted)
        report.left_behind = _left_behind(connection, stored)
    return report


def _damage(connection: sa.Connection) -> Iterator[str]:
    """What SQLite itself finds in its file."""
    for row in connection.exec_driver_sql("PRAGMA integrity_check"):
        if row[0] != "ok":
            yield f"the database file is damaged: {row[0]}"
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"row {row[1]} of {row[0]} refers to nothing in {row[2]}"


def _jobs(connection: sa.Connection, counted: Counter[str]) -> Iterator[str]:
    """A job's status is the last of its history; its events count from 1 and end once, at last."""
    columns = (jobs.c.id, jobs.c.status, jobs.c.history_of_status, jobs.c.last_event)
    for row in connection.execute(sa.select(*columns)).yield_per(BATCH):
        counted["jobs"] += 1
        if row.history_of_status[-1]["status"] != row.status:
            yield f"job {row.id} is {row.status}, its history says otherwise"
        events = _events(connection, row.id)
        if [event.id for event in events] != list(range(1, len(events) + 1)):
            yield f"the events of job {row.id} have a gap"
        ends = [event.id for event in events if event.event == "end"]
        if row.status in ENDED and ends != [len(events)] and _status(connection, row.id):
            yield f"job {row.id} has {row.status} with {len(ends)} last events"
        if row.status not in ENDED and ends and _status(connection, row.id) not in ENDED:
            yield f"job {row.id} is {row.status} and has a last event"


def _events(connection: sa.Connection, job_id: str) -> list[sa.Row[tuple[int, str]]]:
    query = sa.select(job_events.c.id, job_events.c.event).where(job_events.c.job_id == job_id)
    return list(connection.execute(query.order_by(job_events.c.id)))


def _status(connection: sa.Connection, job_id: str) -> str | None:
    return connection.execute(sa.select(jobs.c.status).where(jobs.c.id == job_id)).scalar()


def _models(connection: sa.Connection, counted: Counter[str]) -> Iterator[str]:
    """A job has at most one model, and none before it has ended."""
    counted["models"] = connection.execute(
        sa.select(sa.func.count()).select_from(models)
    ).scalar_one()
    many = sa.select(models.c.job_id, sa.func.count().label("models")).group_by(models.c.job_id)
    many = many.where(models.c.job_id.is_not(None)).having(sa.func.count() > 1)
    for row in connection.execute(many):
        yield f"job {row.job_id} has {row.models} models"
    early = (
        sa.select(models.c.id, jobs.c.status)
        .join(jobs, jobs.c.id == models.c.job_id)
        .where(jobs.c.status.not_in(("succeeded", "failed")))
    )
    for row in connection.execute(early):
        yield f"model {row.id} is of a job that is {row.status}"


def _aliases(connection: sa.Connection, counted: Counter[str]) -> Iterator[str]:
    """An alias points at a model that is there."""
    query = sa.select(aliases.c.alias, models.c.id).outerjoin(
        models, models.c.id == aliases.c.model_id
    )
    for row in connection.execute(query):
        counted["aliases"] += 1
        if row.id is None:
            yield f"alias {row.alias} points at nothing"


def _datasets(connection: sa.Connection, counted: Counter[str]) -> Iterator[str]:
    """A dataset has its newest version, and names the chunks of all: as many samples as it says."""
    newest = sa.and_(
        dataset_versions.c.dataset_id == datasets.c.id,
        dataset_versions.c.version == datasets.c.version,
    )
    query = sa.select(datasets.c.name, dataset_versions.c.version)
    for row in connection.execute(query.outerjoin(dataset_versions, newest)):
        counted["datasets"] += 1
        if row.version is None:
            yield f"dataset {row.name} lacks its newest version"
    versions = connection.execute(sa.select(dataset_versions)).all()
    named = sa.select(*dataset_chunks.c["dataset_id", "sha256", "fingerprints"])
    samples = {
        (row.dataset_id, row.sha256): len(row.fingerprints) // PRINT.itemsize
        for row in connection.execute(named)
    }
    for row in versions:
        chunks = [chunk for split in SPLITS for chunk in row.contents[split]["chunks"]]
        whole = all(
            sha256 is None or samples.get((row.dataset_id, sha256)) == count
            for sha256, count in chunks
        )
        counts = sum(sum(row.contents[split]["counts"]) for split in SPLITS)
        if (not whole or counts != sum(count for _, count in chunks)) and _there(connection, row):
            yield f"version {row.version} of dataset {row.dataset_id} does not have its samples"


def _there(connection: sa.Connection, version: sa.Row[Any, Any]) -> bool:
    """Whether a version's dataset is still there."""
    query = sa.select(datasets.c.id).where(datasets.c.id == version.dataset_id)
    return connection.execute(query).first() is not None


def _unfinished(connection: sa.Connection) -> set[str]:
    return {job.id for job in store_jobs.unfinished(connection)}


def _blobs(connection: sa.Connection, stored: Blobs, counted: Counter[str]) -> Iterator[str]:
    """Every blob that a row names is there and is what was written; none is there for nothing."""
    named = needed(connection)
    for sha256 in sorted(named):
        counted["blobs"] += 1
        try:
            stored.get(connection, sha256)
        except ArtifactsAway as error:
            yield f"the storage does not answer: {error}"
            return
        except CorruptBlob as error:
            if sha256 in needed(connection):  # else it has just been replaced
                yield str(error)
    unneeded = _kept(connection) - named
    # What came or went in between is looked at again: its name, then whether it is still there.
    unneeded -= needed(connection)
    for sha256 in sorted(unneeded & _kept(connection)):
        yield f"blob {sha256} is named by nothing"


def _kept(connection: sa.Connection) -> set[str]:
    """The blobs that are in the database, or have a row that says where they are."""
    in_storage = sa.select(objects.c.sha256).where(sa.not_(objects.c.unused))
    return set(connection.execute(sa.select(blobs.c.sha256).union(in_storage)).scalars())


def _left_behind(connection: sa.Connection, stored: Blobs) -> int:
    """How many objects no row names, or only a row that waits for the sweep."""
    if stored.storage is None:
        return 0
    unused = sa.select(sa.func.count()).select_from(objects).where(objects.c.unused)
    count = int(connection.execute(unused).scalar_one())
    try:
        for keys in stored.storage.keys(stored.owner, older_than=0.0):
            count += len(unnamed(connection, keys))
    except ArtifactsAway:
        return count
    return count
