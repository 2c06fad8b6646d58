"""Lists, newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import sqlalchemy as sa

Record = TypeVar("Record")


@dataclass(frozen=True)
class Page(Generic[Record]):
    """Some records, and the id to go on after; None where these were the last."""

    records: list[Record]
    next_id: str | None


def fetch(
    connection: sa.Connection, query: sa.Select[tuple[object, ...]], after: str | None, limit: int
) -> Page[sa.RowMapping]:
    """The rows of `query` that follow the id `after`; ids sort by the time they were made."""
    key = query.selected_columns["id"]
    if after is not None:
        query = query.where(key < after)
    rows = connection.execute(query.order_by(key.desc()).limit(limit + 1)).mappings().all()
    page: Sequence[sa.RowMapping] = rows[:limit]
    return Page(list(page), page[-1]["id"] if len(rows) > limit else None)
