"""A real database for every test: SQLite in a folder of its own, and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain import clock, ids
from app.domain.jobs import JobConfig
from app.domain.presets import PRESETS
from app.domain.records import Job
from app.store.database import Database
from tests.postgresql import PostgreSQL


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def job() -> Job:
    """A new job that trains the smallest preset."""
    preset = PRESETS["linear"]
    recipe = preset.recipe.model_dump(mode="json")
    config = JobConfig.model_validate({**recipe, "epochs": 1, "seed": 1, "train_samples": 1000})
    at = clock.now()
    return Job(
        id=ids.new_id("job"),
        created_at=at,
        definition=preset.definition.model_dump(mode="json"),
        config=config.model_dump(mode="json"),
        history_of_status=[{"status": "queued", "at": at, "reason": None}],
        tags=["a", "b"],
        preset="linear",
    )
