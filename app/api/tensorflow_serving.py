"""Predict as TensorFlow Serving and KServe's V1 protocol have it.

Their lists of models are not here: `/v1/models` is this service's own.
"""

from fastapi import APIRouter, Request, Response

from app.api.asking import ask
from app.api.declared import problems
from app.api.dependencies import Parts
from app.api.loading import ModelName
from app.api.media import SEVEN
from app.api.presence import read
from app.api.schemas.predictions import OutputsBody
from app.api.strict_json import loads
from app.domain.errors import InvalidInput
from app.services.predictions import from_instances

router = APIRouter(tags=["adapters"])


@router.post(
    "/v1/models/{model}:predict",
    response_model=OutputsBody,
    responses=problems(400, 404, 413, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/ArraysRequest"},
                    "example": {"instances": [{"b64": SEVEN}]},
                }
            },
        }
    },
)
async def kserve_predict(
    model: ModelName,
    request: Request,
    parts: Parts,
) -> Response:
    """Read digits as a client of TensorFlow Serving or KServe's V1 protocol asks for it."""
    content = await read(request)  # whatever its type: `curl -d` says it is a form
    asked = await ask(
        request,
        parts,
        model,
        lambda loaded: from_instances(loaded, _instances(content), "auto", parts.max_image_pixels),
    )
    return asked.predictions()


def _instances(content: bytes) -> list[object]:
    body = loads(content)
    instances = body.get("instances") if isinstance(body, dict) else None
    if not isinstance(instances, list):
        msg = 'the body is {"instances": [...]}; other fields are not looked at'
        raise InvalidInput.at(("instances",), msg, "missing")
    return instances
