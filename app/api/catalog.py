"""The catalog: everything that a definition and a job may name, as JSON Schemas."""

from collections.abc import Mapping
from functools import cache

from fastapi import APIRouter, Request, Response

from app.api.declared import versioned
from app.api.responses import tagged
from app.api.schemas.common import JsonObject
from app.api.schemas.networks import CatalogBody, PresetBody
from app.api.strict_json import StrictRoute
from app.domain.augmentation import AUGMENTATIONS
from app.domain.layers import LAYERS
from app.domain.losses import LOSSES
from app.domain.optimizers import OPTIMIZERS
from app.domain.presets import PRESETS
from app.domain.schedules import SCHEDULES
from app.domain.spec import Spec, json_schema

router = APIRouter(prefix="/v1", tags=["networks"], route_class=StrictRoute)


@router.get("/catalog", response_model=CatalogBody, responses=versioned())
def catalog_read(request: Request) -> Response:
    """Layers, losses, optimizers, schedules, augmentations and presets, with their defaults."""
    return tagged(request, _catalog())


@cache
def _catalog() -> CatalogBody:
    return CatalogBody(
        layers=_schemas(LAYERS),
        losses=_schemas(LOSSES),
        optimizers=_schemas(OPTIMIZERS),
        schedules=_schemas(SCHEDULES),
        augmentations=AUGMENTATIONS,
        presets={
            name: PresetBody(
                description=preset.description,
                input_shape=preset.definition.input_shape,
                layers=preset.definition.model_dump(mode="json")["layers"],
                recipe=preset.recipe.model_dump(mode="json"),
            )
            for name, preset in PRESETS.items()
        },
    )


def _schemas(specs: Mapping[str, type[Spec]]) -> dict[str, JsonObject]:
    """Each spec's JSON Schema; the docstring of its class is its description."""
    return {name: json_schema(spec) for name, spec in specs.items()}
