"""What the store can say of the service's health."""

import sqlalchemy as sa

from app.store.tables import jobs
from app.store.tables import models as models_table


def jobs_by_status(connection: sa.Connection) -> dict[str, int]:
    query = sa.select(jobs.c.status, sa.func.count()).group_by(jobs.c.status)
    return dict(connection.execute(query).tuples().all())


def models(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(models_table)).scalar_one()
