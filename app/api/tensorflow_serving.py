"""Predict as TensorFlow Serving and KServe's V1 protocol have it.

Their lists of models are not here: `/v1/models` is this service's own.
"""

from fastapi import APIRouter, Request, Response

from app.api.asking import ask
from app.api.dependencies import Parts
from app.api.loading import ModelName
from app.api.presence import read
from app.api.responses import problems
from app.api.strict_json import loads
from app.domain.errors import InvalidInput
from app.services.predictions import EncodedImage, from_instances

router = APIRouter(tags=["adapters"])

PREDICTIONS = {
    "type": "object",
    "required": ["predictions"],
    "properties": {
        "predictions": {
            "type": "array",
            "items": {},
            "description": "For every instance its probabilities, or its reconstruction.",
        }
    },
}
"""The schema of the answer."""

INSTANCES = {
    "type": "array",
    "items": {
        "anyOf": [
            {
                "type": "array",
                "items": {},
                "description": "Numbers 0..1 in the model's input shape, or flat.",
            },
            EncodedImage.model_json_schema(),
        ]
    },
    "description": "What to read.",
}


@router.post(
    "/v1/models/{model}:predict",
    responses={
        200: {
            "description": "What the model makes of every instance.",
            "content": {"application/json": {"schema": PREDICTIONS}},
        },
        **problems(400, 404, 413, 422),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["instances"],
                        "properties": {"instances": INSTANCES},
                    },
                    "example": {"instances": [[0.0] * 784]},
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
