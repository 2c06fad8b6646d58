"""Multipart forms: one file, and texts beside it that are checked as JSON bodies are."""

import hashlib
from collections.abc import Collection
from typing import Any, BinaryIO, TypeVar

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from app.api.media import BINARY, media_type
from app.api.strict_json import loads
from app.domain.errors import InvalidInput
from app.domain.spec import Spec

SpecT = TypeVar("SpecT", bound=Spec)

MAX_FIELDS = 8
MAX_TEXT = 2**20


def require_form(request: Request) -> None:
    """Refuse a body that does not say that it is a form."""
    got = media_type(request)
    if got != "multipart/form-data":
        raise HTTPException(415, f"send multipart/form-data, got {got[:100] or 'nothing'}")


async def read_form(
    form: FormData, kind: type[SpecT], plain: Collection[str]
) -> tuple[SpecT, UploadFile]:
    """The texts of a form and its part named `file`.

    Args:
        form: What was sent.
        kind: The other parts that it may have.
        plain: Those of them that are texts themselves; the others are JSON.

    Raises:
        InvalidInput: There is no file, or a part is there twice.
        RequestValidationError: A text does not validate.
    """
    texts: dict[str, Any] = {}
    file: UploadFile | None = None
    for part, value in form.multi_items():
        if part in texts or (part == "file" and file is not None):
            raise InvalidInput.at((part,), f"the part {part} is there twice", "duplicate")
        if isinstance(value, UploadFile) and part == "file":
            file = value
        elif part == "file":
            msg = "the part is text, not a file: give it a file name"
            raise InvalidInput.at((part,), msg, "not_a_file")
        elif part in plain:
            texts[part] = value
        else:
            text = await _short(part, value) if isinstance(value, UploadFile) else value.encode()
            texts[part] = loads(text) if part in kind.model_fields else None
    fields = validated(kind, texts)
    if file is None:
        raise InvalidInput.at(("file",), "a part named file is needed", "missing")
    return fields, file


async def _short(part: str, file: UploadFile) -> bytes:
    """A text that is sent as a file, as `curl -F network=@network.json` does."""
    if (file.size or 0) > MAX_TEXT:
        raise HTTPException(413, f"the part {part} is larger than {MAX_TEXT:,} bytes")
    return await file.read()


def digest_of(file: BinaryIO, beside: bytes) -> str:
    """What tells a form from another: its file, and what is sent beside it."""
    digest = hashlib.sha256(beside)
    for part in iter(lambda: file.read(2**20), b""):
        digest.update(part)
    return digest.hexdigest()


def validated(kind: type[SpecT], value: Any) -> SpecT:
    """What was sent, checked as JSON bodies are, with the same errors."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found, body=value) from error


def form_schema(
    kind: type[Spec], plain: Collection[str], file: str, types: Collection[str], example: Any
) -> dict[str, Any]:
    """What OpenAPI says of such a form.

    Args:
        kind: The parts beside the file.
        plain: Those of them that are texts themselves; the others are JSON.
        file: Describes the file.
        types: The media types that it may have.
        example: A form; in it a file is named by its name.
    """
    described = kind.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = {
        name: part if name in plain else _as_json(part)
        for name, part in described["properties"].items()
    }
    return {
        "schema": {
            "type": "object",
            "required": ["file", *described.get("required", [])],
            "additionalProperties": False,
            "properties": {"file": {**BINARY, "description": file}, **parts},
        },
        "encoding": {"file": {"contentType": ", ".join(types)}},
        "example": example,
    }


def _as_json(part: dict[str, Any]) -> dict[str, Any]:
    """A part that is JSON: a text to who sends the form, and one part also where it is a list."""
    return {
        "type": "string",
        "description": part["description"],
        "contentMediaType": "application/json",
        "contentSchema": part,
    }
