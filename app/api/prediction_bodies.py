"""The body of a prediction → inputs: arrays or strokes as JSON, image files, or one image.

What takes longer than a hop to a thread and back is done in one.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import UploadFile
from starlette.requests import Request

from app.api import presence
from app.api.dependencies import Services
from app.api.media import BINARY, IMAGE_TYPES, IMAGES, SEVEN, media_type
from app.api.strict_json import loads
from app.domain.errors import InvalidInput
from app.services import predictions as service
from app.services.predictions import Input, Preprocess
from app.services.serving import LoadedModel
from app.vision.decode import is_small

MAX_FILES = 256

SMALL = 32_768
"""Bytes of JSON that are read at once."""

REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/PredictRequest"},
                "examples": {
                    "strokes": {
                        "summary": "What a pen drew",
                        "value": {"instances": [{"strokes": [[[10, 10], [60, 10], [30, 80]]]}]},
                    },
                    "image": {
                        "summary": "An image file as base64",
                        "value": {"instances": [{"b64": SEVEN}]},
                    },
                },
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MAX_FILES,
                            "items": BINARY,
                            "description": "Images, each a part of this name.",
                        }
                    },
                },
                "encoding": {"files": {"contentType": ", ".join(IMAGE_TYPES)}},
                "example": {"files": ["seven.png"]},
            },
            **IMAGES,
        },
    }
}


async def inputs_of(
    request: Request, parts: Services, loaded: LoadedModel, mode: Preprocess
) -> Sequence[Input]:
    """What a body holds.

    Raises:
        InvalidInput: Something in it cannot be read.
        HTTPException: 400 where it is not JSON, 415 where its type is not taken.
    """
    pixels = parts.max_image_pixels
    sent = media_type(request)
    if sent in ("application/json", "") or sent.endswith("+json"):
        content = await presence.read(request)
        arrays = service.plain_arrays(loaded, content) if len(content) <= SMALL else None
        if arrays is not None:
            return arrays
        return await parts.preparing.run(_from_json, content, loaded, mode, pixels)
    if sent == "multipart/form-data":
        files = await _files(request)
    elif sent in IMAGE_TYPES or sent == "application/octet-stream":
        files = [(None, await presence.read(request))]
        if is_small(files[0][1]):
            return service.from_files(loaded, files, mode, pixels)
    else:
        raise HTTPException(
            415,
            f"send application/json, multipart/form-data or an image ({', '.join(IMAGE_TYPES)}), "
            f"got {sent[:100]}",
        )
    return await parts.preparing.run(service.from_files, loaded, files, mode, pixels)


def _from_json(
    content: bytes, loaded: LoadedModel, mode: Preprocess, pixels: int
) -> Sequence[Input]:
    arrays = service.plain_arrays(loaded, content) if len(content) > SMALL else None
    if arrays is not None:
        return arrays
    return service.from_instances(loaded, _instances(content), mode, pixels)


def _instances(text: bytes) -> Sequence[Any]:
    body = loads(text)
    if not isinstance(body, dict):
        msg = f'the body is {{"instances": [...]}}, got {type(body).__name__}'
        raise InvalidInput.at((), msg, "body_type")
    for name in body:
        if name != "instances":
            raise InvalidInput.at(
                (name,), f"unknown field {name[:100]!r}; send instances", "extra_forbidden"
            )
    instances = body.get("instances")
    if not isinstance(instances, list):
        raise InvalidInput.at(("instances",), "a list of instances is needed", "missing")
    return instances


async def _files(request: Request) -> list[tuple[str | None, bytes]]:
    """The parts named `files`, with the names that they came with."""
    async with request.form(max_files=MAX_FILES, max_fields=16) as form:
        uploads = form.getlist("files")
        if not uploads:
            msg = "send one or more parts named files"
            raise InvalidInput.at(("files",), msg, "missing")
        files: list[tuple[str | None, bytes]] = []
        for i, upload in enumerate(uploads):
            if not isinstance(upload, UploadFile):
                msg = "the part is text, not a file: give it a file name"
                raise InvalidInput.at(("files", i), msg, "not_a_file")
            files.append((upload.filename, await upload.read()))
        return files
