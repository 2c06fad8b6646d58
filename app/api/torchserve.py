"""Predict as TorchServe's image classifiers have it: an image in, labels and probabilities out."""

import orjson
from fastapi import APIRouter, Request, Response
from starlette.datastructures import UploadFile

from app.api.asking import Asked, ask
from app.api.declared import problems
from app.api.dependencies import Parts
from app.api.loading import ModelName
from app.api.media import BINARY, IMAGE_TYPES, IMAGES, media_type
from app.api.presence import read
from app.domain.errors import InvalidInput
from app.services.predictions import from_files

router = APIRouter(tags=["adapters"])

PARTS = ("data", "body")
"""What the part of a form is called that holds the image."""


@router.post(
    "/predictions/{model}",
    responses={
        200: {
            "description": "The probability of every label, the most probable first.",
            "content": {
                "application/json": {
                    "schema": {"type": "object", "additionalProperties": {"type": "number"}}
                }
            },
        },
        **problems(400, 404, 413, 422),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["data"],
                        "properties": {"data": {**BINARY, "description": "The image."}},
                    },
                    "encoding": {"data": {"contentType": ", ".join(IMAGE_TYPES)}},
                    "example": {"data": "seven.png"},
                },
                **IMAGES,
            },
        }
    },
)
async def torchserve_predict(
    model: ModelName,
    request: Request,
    parts: Parts,
) -> Response:
    """Read a digit as a client of TorchServe asks for it."""
    image = await _image(request)
    asked = await ask(
        request,
        parts,
        model,
        lambda loaded: from_files(loaded, [(None, image)], "auto", parts.max_image_pixels),
    )
    return Response(orjson.dumps(_by_label(asked)), media_type="application/json")


async def _image(request: Request) -> bytes:
    """The body, or a part of it; `curl -T` says nothing of its type."""
    if media_type(request) != "multipart/form-data":
        return await read(request)
    async with request.form(max_files=1, max_fields=16) as form:
        for name in PARTS:
            upload = form.get(name)
            if isinstance(upload, UploadFile):
                return await upload.read()
    msg = "send the image as the body, or as a file in a part named data"
    raise InvalidInput.at(("data",), msg, "missing")


def _by_label(asked: Asked) -> dict[str, float]:
    if asked.model.reconstructs:
        msg = "this model reproduces its input and names no labels; ask /v1/models/{id}/predict"
        raise InvalidInput.at((), msg, "no_classes")
    (probabilities,) = asked.output.tolist()
    pairs = zip(asked.model.model.classes, probabilities, strict=True)
    return dict(sorted(pairs, key=lambda pair: -pair[1]))
