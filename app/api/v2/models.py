"""Models as the protocol shows them: an id or an alias is a name, an alias's moves are versions."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path

from app.api.dependencies import Parts, Services
from app.api.loading import ModelName
from app.api.schemas.common import JsonObject
from app.api.schemas.inference_v2 import MetadataBody, ModelNamesBody, ModelReadyBody, TensorBody
from app.api.v2.described import failures
from app.domain.records import Model
from app.services import models as service
from app.services.inference_v2 import INPUT, MAX_ROWS, Signature
from app.services.registry import Version

PLATFORM = "mnistry_numpy"

VersionName = Annotated[str, Path(description="A number; or a model's id, or an alias.")]

router = APIRouter(prefix="/v2/models", tags=["inference protocol v2"])


@router.get("", responses=failures())
async def v2_models(parts: Parts) -> ModelNamesBody:
    """The names of all models, and the aliases."""
    names = parts.registry.names
    return ModelNamesBody(models=[*names.models, *names.aliases])


@router.get("/{model}", responses=failures(404))
def v2_metadata(model: ModelName, parts: Parts) -> MetadataBody:
    """What a model takes and gives."""
    return _metadata(parts, model, parts.registry.version(model))


@router.get("/{model}/versions/{version}", responses=failures(404))
def v2_metadata_version(model: ModelName, version: VersionName, parts: Parts) -> MetadataBody:
    """What a version of a model takes and gives."""
    return _metadata(parts, model, parts.registry.version(model, version))


@router.get("/{model}/ready", responses=failures(404))
def v2_model_ready(model: ModelName, parts: Parts) -> ModelReadyBody:
    """A model can be asked: it is there, and nobody has unloaded it."""
    return _ready(parts, model, parts.registry.version(model))


@router.get("/{model}/versions/{version}/ready", responses=failures(404))
def v2_model_ready_version(model: ModelName, version: VersionName, parts: Parts) -> ModelReadyBody:
    """A version of a model can be asked."""
    return _ready(parts, model, parts.registry.version(model, version))


@router.get("/{model}/config", responses=failures(404))
def v2_config(model: ModelName, parts: Parts) -> JsonObject:
    """A model's configuration, in the form of Triton's."""
    return _config(parts, model, parts.registry.version(model))


@router.get("/{model}/versions/{version}/config", responses=failures(404))
def v2_config_version(model: ModelName, version: VersionName, parts: Parts) -> JsonObject:
    """The same for a version."""
    return _config(parts, model, parts.registry.version(model, version))


def _stored(parts: Services, version: Version) -> Model:
    with parts.database.reading() as connection:
        return service.find(connection, version.model_id)


def _metadata(parts: Services, name: str, version: Version) -> MetadataBody:
    model = _stored(parts, version)
    signature = Signature.of(model)
    return MetadataBody(
        name=name,
        versions=[one.number for one in parts.registry.names.versions(name)],
        platform=PLATFORM,
        inputs=[_tensor(INPUT, signature.input_shape)],
        outputs=[_tensor(signature.output, signature.output_shape)],
        properties={
            "model_id": model.id,
            "version": version.number,
            "labels": ",".join(model.classes),
            "preprocessing": str(model.preprocessing.get("mode", "none")),
            "sha256": model.sha256,
            "datatypes": "FP32 0..1; UINT8 0..255; BYTES: encoded images",
        },
    )


def _tensor(name: str, shape: tuple[int, ...]) -> TensorBody:
    return TensorBody(name=name, datatype="FP32", shape=[-1, *shape])


def _ready(parts: Services, name: str, version: Version) -> ModelReadyBody:
    if parts.serving.dropped(version.model_id):
        msg = f"model {name!r} is unloaded; load it, or use it"
        raise HTTPException(503, msg, {"Retry-After": "1"})
    return ModelReadyBody(name=name, ready=True)


def _config(parts: Services, name: str, version: Version) -> dict[str, Any]:
    signature = Signature.of(_stored(parts, version))
    return {
        "name": name,
        "platform": PLATFORM,
        "backend": "mnistry",
        "version_policy": {"latest": {"num_versions": 1}},
        "max_batch_size": MAX_ROWS,
        "input": [
            {
                "name": INPUT,
                "data_type": "TYPE_FP32",
                "format": "FORMAT_NONE",
                "dims": list(signature.input_shape),
                "optional": False,
                "is_shape_tensor": False,
                "allow_ragged_batch": False,
            }
        ],
        "output": [
            {
                "name": signature.output,
                "data_type": "TYPE_FP32",
                "dims": list(signature.output_shape),
                "is_shape_tensor": False,
            }
        ],
        # Batches are made of what waits while one is computed: nothing waits for company.
        "dynamic_batching": {"preferred_batch_size": [], "max_queue_delay_microseconds": 0},
        "instance_group": [{"name": name, "kind": "KIND_CPU", "count": 1}],
        "model_transaction_policy": {"decoupled": False},
        "response_cache": {"enable": False},
    }
