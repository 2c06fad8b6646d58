"""Aliases: names that point at models and remember where they pointed before."""

from dataclasses import asdict

import sqlalchemy as sa

from app.domain import clock
from app.domain.records import Alias
from app.store import database, pages
from app.store.tables import aliases

PAST = 100
"""How many earlier models an alias remembers."""


def get(connection: sa.Connection, alias: str) -> Alias | None:
    row = connection.execute(aliases.select().where(aliases.c.alias == alias)).mappings()
    found = row.one_or_none()
    return None if found is None else Alias(**found)


def hold(connection: sa.Connection, alias: str) -> Alias | None:
    """The alias, which nobody else makes or moves until the transaction ends."""
    database.hold(connection, "alias", alias)
    return get(connection, alias)


def page(connection: sa.Connection, after: str | None, limit: int) -> pages.Page[Alias]:
    """Some aliases, the one that moved last first; what one goes on after is its time and name."""
    place = (aliases.c.updated_at + " " + aliases.c.alias).label("id")
    rows = pages.fetch(connection, sa.select(aliases, place), after, limit)
    found = [Alias(**{k: v for k, v in row.items() if k != "id"}) for row in rows.records]
    return pages.Page(found, rows.next_id)


def all_of_them(connection: sa.Connection) -> list[Alias]:
    rows = connection.execute(aliases.select().order_by(aliases.c.alias)).mappings()
    return [Alias(**row) for row in rows]


def pointing_at(connection: sa.Connection, model_id: str) -> list[str]:
    query = sa.select(aliases.c.alias).where(aliases.c.model_id == model_id)
    return list(connection.execute(query).scalars())


def point(connection: sa.Connection, alias: str, model_id: str) -> Alias:
    """Move an alias, or make it."""
    at = clock.now()
    old = hold(connection, alias)
    if old is None:
        new = Alias(alias=alias, model_id=model_id, updated_at=at, past=[])
        connection.execute(aliases.insert().values(asdict(new)))
        return new
    if old.model_id == model_id:
        return old
    left = {
        "model_id": old.model_id,
        "from": old.updated_at,
        "until": at,
        "version": old.moves,
    }
    new = Alias(alias=alias, model_id=model_id, updated_at=at, past=[left, *old.past][:PAST])
    connection.execute(aliases.update().where(aliases.c.alias == alias).values(asdict(new)))
    return new


def delete(connection: sa.Connection, alias: str) -> None:
    connection.execute(aliases.delete().where(aliases.c.alias == alias))
