"""Models: what jobs leave."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from app.domain.records import Model
from app.store import blobs, pages
from app.store.tables import models


def insert(connection: sa.Connection, model: Model) -> None:
    connection.execute(models.insert().values(asdict(model)))


def get(connection: sa.Connection, model_id: str) -> Model | None:
    row = connection.execute(models.select().where(models.c.id == model_id)).mappings()
    found = row.one_or_none()
    return None if found is None else Model(**found)


def hold(connection: sa.Connection, model_id: str) -> Model | None:
    """The model, which nobody else deletes until the transaction ends."""
    query = models.select().where(models.c.id == model_id).with_for_update()
    found = connection.execute(query).mappings().one_or_none()
    return None if found is None else Model(**found)


def of_jobs(connection: sa.Connection, job_ids: Sequence[str]) -> dict[str, str]:
    """The id of the model that each job left."""
    query = sa.select(models.c.job_id, models.c.id).where(models.c.job_id.in_(job_ids))
    return {row.job_id: row.id for row in connection.execute(query)}


def page(connection: sa.Connection, after: str | None, limit: int) -> pages.Page[Model]:
    rows = pages.fetch(connection, sa.select(models), after, limit)
    return pages.Page([Model(**row) for row in rows.records], rows.next_id)


def ids(connection: sa.Connection) -> list[str]:
    """Every model, newest first."""
    return list(connection.execute(sa.select(models.c.id).order_by(models.c.id.desc())).scalars())


def delete(connection: sa.Connection, model: Model) -> None:
    connection.execute(models.delete().where(models.c.id == model.id))
    blobs.delete_unused(connection, model.sha256)
    blobs.delete_unused(connection, model.familiarity_sha256)
