"""The protocol in the OpenAPI document, where it is more than the functions' types."""

from typing import Any

from app.api.media import BYTES
from app.api.responses import DESCRIPTIONS, EVERYWHERE
from app.api.schemas.inference_v2 import Failure

_FAILURE = {"model": Failure}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route."""
    described: dict[int | str, dict[str, Any]] = {
        status: {"description": DESCRIPTIONS[status], **_FAILURE}
        for status in (*statuses, *EVERYWHERE)
    }
    return {**described, "default": {"description": "Any other failure", **_FAILURE}}


_NUMBERS = {"type": "array", "items": {}, "description": "The elements, flat or nested, row-major."}
_SHAPE = {"type": "array", "items": {"type": "integer"}, "description": "Rows first."}
_PARAMETERS = {
    "type": "object",
    "description": "`binary_data`, `binary_data_size`, `classification`; of a request "
    "`timeout` (µs) and `binary_data_output`.",
}


def _tensor(*required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", *required],
        "properties": {
            "name": {"type": "string", "description": "The tensor's name."},
            "datatype": {"type": "string", "description": "FP32, UINT8, BYTES and so on."},
            "shape": _SHAPE,
            "data": _NUMBERS,
            "parameters": _PARAMETERS,
        },
    }


def in_path(*names: str) -> list[dict[str, Any]]:
    """The parameters in a route's path, where no signature says them."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]


INFER_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["inputs"],
                    "properties": {
                        "id": {"type": "string", "description": "Is said again in the answer."},
                        "parameters": _PARAMETERS,
                        "inputs": {"type": "array", "items": _tensor("shape", "datatype")},
                        "outputs": {"type": "array", "items": _tensor()},
                    },
                },
                "example": {
                    "inputs": [
                        {
                            "name": "input",
                            "datatype": "UINT8",
                            "shape": [1, 784],
                            "data": [0] * 784,
                        }
                    ]
                },
            },
            "application/octet-stream": BYTES,
        },
    }
}

INFER_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON, and raw tensors behind it where they were asked for.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["model_name", "model_version", "outputs"],
                    "properties": {
                        "model_name": {"type": "string", "description": "As it was asked by."},
                        "model_version": {"type": "string", "description": "Which was asked."},
                        "id": {"type": "string", "description": "The request's."},
                        "parameters": {"type": "object", "description": "`model_id`, times."},
                        "outputs": {
                            "type": "array",
                            "items": _tensor("shape", "datatype"),
                        },
                    },
                }
            },
            "application/octet-stream": BYTES,
        },
    },
    **failures(400, 404, 413),
}
