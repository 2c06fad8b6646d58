"""Media types: as requests name them, and as the OpenAPI document describes bodies of bytes."""

from typing import Any

from starlette.requests import Request

IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/bmp",
    "image/tiff",
    "image/webp",
)

BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
"""The JSON Schema of bytes."""

BYTES = {"schema": BINARY}
"""A body of bytes in the document."""

IMAGES = dict.fromkeys(IMAGE_TYPES, BYTES)
"""Bodies that are an image, in the document."""


def media_type(request: Request) -> str:
    """What a request says its body is, in small letters and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
