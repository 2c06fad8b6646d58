"""API keys: their digests, and until when they are taken. A revoked one stays on the list."""

from dataclasses import asdict

import sqlalchemy as sa

from app.domain.records import ApiKey
from app.store.tables import api_keys


def insert(connection: sa.Connection, key: ApiKey) -> None:
    connection.execute(api_keys.insert().values(asdict(key)))


def all_of_them(connection: sa.Connection) -> list[ApiKey]:
    """All that there ever were, oldest first."""
    rows = connection.execute(api_keys.select().order_by(api_keys.c.id)).mappings()
    return [ApiKey(**row) for row in rows]


def revoke(connection: sa.Connection, key_id: str, at: str) -> ApiKey | None:
    """Take a key no more, from a time on or from when it was first revoked; None: there is none."""
    row = api_keys.c.id == key_id
    still_taken = sa.and_(row, api_keys.c.revoked_at.is_(None))
    connection.execute(api_keys.update().where(still_taken).values(revoked_at=at))
    found = connection.execute(api_keys.select().where(row)).mappings().one_or_none()
    return None if found is None else ApiKey(**found)
