"""What the store can say of the service's health."""

import sqlalchemy as sa

from app.domain import clock
from app.store import trainers
from app.store.tables import blobs, jobs
from app.store.tables import models as models_table

ALIVE_SECONDS = 30.0
"""A trainer that was not seen for so long is taken for gone."""


def blobs_readable(connection: sa.Connection) -> bool:
    connection.execute(sa.select(blobs.c.sha256).limit(1)).first()
    return True


def living_trainers(connection: sa.Connection) -> list[str]:
    """The trainers that were seen a short time ago."""
    now = clock.now()
    seen = trainers.last_seen(connection)
    return [n for n, at in seen.items() if clock.seconds_between(at, now) < ALIVE_SECONDS]


def trainers_alive(connection: sa.Connection) -> bool:
    return bool(living_trainers(connection))


def jobs_by_status(connection: sa.Connection) -> dict[str, int]:
    query = sa.select(jobs.c.status, sa.func.count()).group_by(jobs.c.status)
    return dict(connection.execute(query).tuples().all())


def models(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(models_table)).scalar_one()
