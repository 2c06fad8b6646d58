"""A real database for every test: SQLite in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain import clock, ids
from app.domain.jobs import JobConfig
from app.domain.presets import PRESETS
from app.domain.records import Job
from app.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
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
