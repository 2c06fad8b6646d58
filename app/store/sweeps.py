"""Sweeps: which jobs were started together, and what differs between them."""

from dataclasses import asdict

import sqlalchemy as sa

from app.domain.records import Sweep
from app.store.tables import sweeps


def insert(connection: sa.Connection, sweep: Sweep) -> None:
    connection.execute(sweeps.insert().values(asdict(sweep)))


def get(connection: sa.Connection, sweep_id: str) -> Sweep | None:
    row = connection.execute(sweeps.select().where(sweeps.c.id == sweep_id)).mappings()
    found = row.one_or_none()
    return None if found is None else Sweep(**found)
