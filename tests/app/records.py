"""A model's record for tests that need one and do not look at most of it."""

from collections.abc import Sequence

from app.domain import clock, ids
from app.domain.records import Json, Model


def a_model(definition: Json, classes: Sequence[str] = ()) -> Model:
    return Model(
        id=ids.new_id("mdl"),
        created_at=clock.now(),
        name=None,
        job_id=None,
        network_id=None,
        definition=definition,
        dataset="mnist",
        classes=list(classes),
        preprocessing={},
        parameters=0,
        size_bytes=0,
        sha256="",
        metrics={},
    )
