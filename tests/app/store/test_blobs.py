"""Blobs: named by their content, checked at every read."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from app.domain.records import Model
from app.store import blobs, models
from app.store.blobs import Blobs, CorruptBlob
from app.store.database import Database
from app.store.tables import blobs as table
from tests.app.records import a_model

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


def a_model_with(weights: bytes, familiarity: bytes) -> Model:
    names = (Blobs().upload(content).sha256 for content in (weights, familiarity))
    sha256, familiarity_sha256 = names
    return replace(a_model({}), sha256=sha256, familiarity_sha256=familiarity_sha256)


def test_what_models_share_stays_until_the_last_of_them_is_deleted(database: Database) -> None:
    first, second = (a_model_with(weights, b"digits") for weights in (b"one", b"two"))
    with database.writing() as connection:
        for content in (b"one", b"two", b"digits"):
            blobs.put(connection, Blobs().upload(content))
        models.insert(connection, first)
        models.insert(connection, second)
        assert blobs.needed(connection) == {first.sha256, second.sha256, first.familiarity_sha256}

        models.delete(connection, first)
        assert Blobs().get(connection, second.familiarity_sha256 or "") == b"digits"

        models.delete(connection, second)
        assert connection.execute(sa.select(table)).all() == []
