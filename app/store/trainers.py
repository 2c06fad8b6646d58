"""The trainers and when each was last seen."""

import sqlalchemy as sa

from app.domain import clock
from app.store.tables import trainers


def beat(connection: sa.Connection, name: str) -> None:
    """Say that a trainer is alive."""
    at = clock.now()
    seen = trainers.update().where(trainers.c.name == name).values(seen_at=at)
    if connection.execute(seen).rowcount == 0:
        connection.execute(trainers.insert().values(name=name, seen_at=at))


def leave(connection: sa.Connection, name: str) -> None:
    """Say that a trainer has ended in good order."""
    connection.execute(trainers.delete().where(trainers.c.name == name))


def last_seen(connection: sa.Connection) -> dict[str, str]:
    return {row.name: row.seen_at for row in connection.execute(sa.select(trainers))}
