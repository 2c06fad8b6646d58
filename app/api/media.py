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

IMAGES: dict[str, Any] = {
    **dict.fromkeys(IMAGE_TYPES, BYTES),
    "image/png": {
        **BYTES,
        "examples": {"digit": {"summary": "The bytes of a file", "value": "seven.png"}},
    },
}
"""Bodies that are an image, in the document."""

SEVEN = (
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAAPklEQVR42n3NoRGAMBQFwf1vECkBSSmUTimUEInIEAQ+"
    "J9Yey2oOYcAuPMIhdOEUbrjkp6CIEJPYiJdoi9kH++cJ4E7JOasAAAAASUVORK5CYII="
)
"""A PNG of 119 bytes in base64: a 7."""


def media_type(request: Request) -> str:
    """What a request says its body is, in small letters and without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
