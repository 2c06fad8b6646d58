"""The trainers and when each was last seen."""

import sqlalchemy as sa

from app.domain import clock
from app.store import processes
from app.store.tables import trainers

ALIVE_SECONDS = 30.0
"""A trainer that was not seen for so long is taken for gone, wherever it was."""


def beat(connection: sa.Connection, name: str) -> None:
    """Say that a trainer, which is this process, is alive."""
    values = {"seen_at": _now(connection), "process": processes.own_identity()}
    seen = trainers.update().where(trainers.c.name == name).values(values)
    if connection.execute(seen).rowcount == 0:
        connection.execute(trainers.insert().values(name=name, **values))


def leave(connection: sa.Connection, name: str) -> None:
    """Say that a trainer has ended in good order."""
    connection.execute(trainers.delete().where(trainers.c.name == name))


def living(connection: sa.Connection, *, by_age: bool = True) -> list[str]:
    """The trainers that were seen a short time ago, but for those seen to have ended.

    Args:
        connection: To the database.
        by_age: False: only one whose process was seen to have ended is taken for gone.
    """
    now = _now(connection)
    return [
        row.name
        for row in connection.execute(sa.select(trainers))
        if not processes.has_ended(row.process)
        and (not by_age or clock.seconds_between(row.seen_at, now) < ALIVE_SECONDS)
    ]


def all_of_them(connection: sa.Connection) -> list[str]:
    return list(connection.execute(sa.select(trainers.c.name)).scalars())


def is_taken(connection: sa.Connection, name: str) -> bool:
    """Whether another process of this machine goes by this name."""
    query = sa.select(trainers.c.process).where(trainers.c.name == name)
    process = connection.execute(query).scalar()
    return process != processes.own_identity() and processes.is_there(process)


def forget(connection: sa.Connection, seconds: float) -> None:
    """Remove those that were not seen for so long."""
    now = _now(connection)
    for row in connection.execute(sa.select(trainers)).all():
        if clock.seconds_between(row.seen_at, now) > seconds:
            leave(connection, row.name)


def _now(connection: sa.Connection) -> str:
    """The database's time: many machines have many clocks, it has one."""
    if connection.dialect.name == "postgresql":
        return clock.text(connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one())
    return clock.now()
