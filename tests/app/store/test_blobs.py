"""Blobs: named by their content, checked at every read."""

import pytest
import sqlalchemy as sa

from app.store import blobs
from app.store.blobs import Blobs, CorruptBlob
from app.store.database import Database
from app.store.tables import blobs as table

NAME = Blobs().upload(b"weights").sha256


def test_the_same_content_is_stored_once(database: Database) -> None:
    with database.writing() as connection:
        for _ in range(3):
            blobs.put(connection, Blobs().upload(b"weights"))
        count = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    assert count == 1


def test_changed_content_is_never_handed_out(database: Database) -> None:
    with database.writing() as connection:
        blobs.put(connection, Blobs().upload(b"weights"))
        connection.execute(table.update().values(content=b"weighty"))

    with database.reading() as connection, pytest.raises(CorruptBlob, match=NAME):
        Blobs().get(connection, NAME)


def test_a_json_value_has_one_hash_whatever_the_order_of_its_keys() -> None:
    assert blobs.sha256_of_json({"a": 1, "b": 2}) == blobs.sha256_of_json({"b": 2, "a": 1})
    assert blobs.sha256_of_json({"a": 1}) != blobs.sha256_of_json({"a": 2})
