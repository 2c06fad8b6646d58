"""The protocol in the OpenAPI document, where it is more than the functions' types."""

import json
from typing import Any

from app.api.declared import (
    DESCRIPTIONS,
    DETAILS,
    EVERYWHERE,
    OF_STATUS,
    REQUEST_ID,
    Declared,
    headers,
)
from app.api.media import BYTES, SEVEN
from app.api.schemas.inference_v2 import Failure


def failures(*statuses: int) -> Declared:
    """The error responses of a route."""
    declared: Declared = {
        status: {
            "model": Failure,
            "description": DESCRIPTIONS[status],
            "content": _content(DETAILS[status]),
            "headers": headers(*OF_STATUS.get(status, ())),
        }
        for status in (*statuses, *EVERYWHERE)
    }
    other = {"model": Failure, "description": "Any other failure.", "content": _content("...")}
    return {**declared, "default": other}


def _content(error: str) -> dict[str, Any]:
    return {"application/json": {"example": {"error": error, "request_id": REQUEST_ID}}}


REQUEST = {"inputs": [{"name": "input", "datatype": "BYTES", "shape": [1], "data": [SEVEN]}]}
"""A body that most models take: an image."""

_NAMED = "#/components/schemas/"

INFER_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": f"{_NAMED}InferRequest"},
                "example": REQUEST,
            },
            "application/octet-stream": {**BYTES, "example": json.dumps(REQUEST)},
        },
    }
}

INFER_LENGTH = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "required": False,
    "description": "Where the JSON of the body ends and raw tensors begin; 0: there is no JSON. "
    "Without it the body is JSON alone.",
    "schema": {"type": "integer", "minimum": 0},
}

INFER_RESPONSES: Declared = {
    200: {
        "description": "JSON, and raw tensors behind it where they were asked for.",
        "headers": headers("Inference-Header-Content-Length"),
        "content": {
            "application/json": {"schema": {"$ref": f"{_NAMED}InferResponse"}},
            "application/octet-stream": BYTES,
        },
    },
    **failures(400, 404, 413),
}
