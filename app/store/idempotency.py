"""What was answered to a request that came with a key, so that the same can be answered again."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from app.domain import clock
from app.store.tables import idempotency


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A stored response; `request_sha256` tells whether a request is the same as the first."""

    request_sha256: str
    status: int
    location: str | None
    body: str


def get(connection: sa.Connection, scope: str, key: str) -> Answer | None:
    columns = (idempotency.c[name] for name in ("request_sha256", "status", "location", "body"))
    query = sa.select(*columns).where(idempotency.c.scope == scope, idempotency.c.key == key)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Answer(**row)


def put(connection: sa.Connection, scope: str, key: str, answer: Answer) -> None:
    values = {"scope": scope, "key": key, "created_at": clock.now(), **asdict(answer)}
    connection.execute(idempotency.insert().values(values))


def forget_before(connection: sa.Connection, at: str) -> None:
    """Remove the answers that were stored before a time."""
    connection.execute(idempotency.delete().where(idempotency.c.created_at < at))
