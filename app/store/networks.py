"""Stored definitions."""

from dataclasses import asdict

import sqlalchemy as sa

from app.domain.jobs import ENDED
from app.domain.records import Network
from app.store import pages
from app.store.tables import jobs, models, networks


def insert(connection: sa.Connection, network: Network) -> None:
    connection.execute(networks.insert().values(asdict(network)))


def get(connection: sa.Connection, network_id: str) -> Network | None:
    row = connection.execute(networks.select().where(networks.c.id == network_id)).mappings()
    found = row.one_or_none()
    return None if found is None else Network(**found)


def hold(connection: sa.Connection, network_id: str) -> Network | None:
    """The network, which nobody else deletes until the transaction ends."""
    query = networks.select().where(networks.c.id == network_id).with_for_update()
    found = connection.execute(query).mappings().one_or_none()
    return None if found is None else Network(**found)


def page(connection: sa.Connection, after: str | None, limit: int) -> pages.Page[Network]:
    rows = pages.fetch(connection, sa.select(networks), after, limit)
    return pages.Page([Network(**row) for row in rows.records], rows.next_id)


def users(connection: sa.Connection, network_id: str) -> list[str]:
    """The ids of the unfinished jobs and of the models that need it."""
    unfinished = sa.select(jobs.c.id).where(
        jobs.c.network_id == network_id, jobs.c.status.not_in(ENDED)
    )
    trained = sa.select(models.c.id).where(models.c.network_id == network_id)
    return list(connection.execute(unfinished.union_all(trained)).scalars())


def delete(connection: sa.Connection, network_id: str) -> None:
    """Remove it; jobs that have ended keep their own copy of the definition."""
    connection.execute(jobs.update().where(jobs.c.network_id == network_id).values(network_id=None))
    connection.execute(networks.delete().where(networks.c.id == network_id))
