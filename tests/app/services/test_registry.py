"""The registry: names of models, in memory, never long behind the store."""

import time
from collections.abc import Iterator

import pytest

from app.domain.errors import NotFound
from app.services.freshness import Refresher
from app.services.registry import LATEST, Registry, Version
from app.store import aliases, models
from app.store.database import Database
from tests.app.records import a_model


def insert_model(database: Database) -> str:
    model = a_model({})
    with database.writing() as connection:
        models.insert(connection, model)
    return model.id


@pytest.fixture
def registry(database: Database) -> Iterator[Registry]:
    failures: list[Exception] = []
    registry = Registry(database)
    refresher = Refresher(registry.refresh, on_failure=failures.append)
    refresher.start()
    yield registry
    refresher.close()
    assert not failures


def test_without_a_model_there_is_no_latest(registry: Registry) -> None:
    with pytest.raises(NotFound, match="latest"):
        registry.resolve(LATEST)


def test_ids_aliases_and_latest_are_resolved(database: Database, registry: Registry) -> None:
    old = insert_model(database)
    with database.writing() as connection:
        aliases.point(connection, "digits", old)
    registry.refresh()
    assert registry.resolve(LATEST) == registry.resolve("digits") == registry.resolve(old) == old

    new = insert_model(database)
    registry.refresh()

    assert registry.resolve(LATEST) == max(old, new)
    assert registry.resolve("digits") == old
    with pytest.raises(NotFound):
        registry.resolve("unknown")


def test_what_another_process_does_is_seen_within_a_second(
    database: Database, registry: Registry
) -> None:
    model_id = insert_model(database)

    for _ in range(100):
        if registry.knows(model_id):
            return
        time.sleep(0.01)
    pytest.fail("the registry has not noticed the new model")


def test_an_aliass_moves_are_counted_longer_than_they_are_remembered(
    database: Database, registry: Registry
) -> None:
    one, other = insert_model(database), insert_model(database)
    moves = aliases.PAST + 20
    for i in range(moves):
        with database.writing() as connection:
            aliases.point(connection, "digits", (one, other)[i % 2])
    registry.refresh()

    newest = registry.version("digits")

    assert newest == Version((one, other)[(moves - 1) % 2], str(moves))
    assert registry.version("digits", str(moves - 1)).model_id == (one, other)[moves % 2]
    assert len(registry.names.versions("digits")) == aliases.PAST + 1
    with pytest.raises(NotFound, match="version '1'"):
        registry.version("digits", "1")


def test_a_name_in_place_of_a_version_must_not_contradict(
    database: Database, registry: Registry
) -> None:
    one, other = insert_model(database), insert_model(database)
    with database.writing() as connection:
        aliases.point(connection, "digits", one)
    registry.refresh()

    assert registry.version(one, "digits") == Version(one, "1")
    assert registry.version("digits", other) == Version(other, "1")
    for name, version in ((other, "digits"), (one, other), ("none", one), (one, "none")):
        with pytest.raises(NotFound):
            registry.version(name, version)
