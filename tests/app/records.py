"""Models for tests that need one and do not look at most of it."""

from collections.abc import Sequence

from app.domain import clock, ids
from app.domain.definitions import NetworkDefinition, build
from app.domain.records import Json, Model
from app.services.serving import LoadedModel
from app.store import mnist
from engine.familiarity import Familiarity


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


def a_loaded_model(
    definition: NetworkDefinition, familiarity: Familiarity | None = None
) -> LoadedModel:
    """With weights that nothing has learnt."""
    model = a_model(definition.model_dump(mode="json"), mnist.MNIST.classes)
    return LoadedModel.of(model, build(definition, seed=3), familiarity)
