"""How much is stored: bytes in the database and in object storage, and how many of what."""

from typing import Literal

import sqlalchemy as sa

from app.store.tables import datasets, jobs, models, networks, objects

Kind = Literal["networks", "models", "datasets", "jobs"]

_TABLES = {"networks": networks, "models": models, "datasets": datasets, "jobs": jobs}


def stored_bytes(connection: sa.Connection) -> int:
    """What the database takes on its disk, less what is free in it, and what the objects take."""
    in_objects = connection.execute(sa.select(sa.func.sum(objects.c.size_bytes))).scalar() or 0
    if connection.dialect.name == "postgresql":
        size = connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar()
        return int(size or 0) + int(in_objects)
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size + int(in_objects)


def count(connection: sa.Connection, kind: Kind) -> int:
    """How many of one kind there are."""
    query = sa.select(sa.func.count()).select_from(_TABLES[kind])
    return int(connection.execute(query).scalar_one())
