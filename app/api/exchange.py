"""Models as files: exports, and imports as multipart forms."""

import hashlib
import re
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import Field, JsonValue, ValidationError
from starlette.datastructures import FormData, UploadFile

from app.api.dependencies import Parts
from app.api.models import resolve
from app.api.responses import IdempotencyKey, Once, problems, tagged_bytes, versioned
from app.api.schemas.models import ModelBody
from app.api.strict_json import StrictRoute, loads
from app.domain.definitions import NetworkDefinition
from app.domain.errors import InvalidInput
from app.domain.spec import Spec
from app.domain.text import Name
from app.services import exchange as service
from app.store.database import Connection

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)

BINARY = "application/octet-stream"


class ImportForm(Spec):
    """What may stand beside the file, each part as JSON but the name; an export needs none."""

    network: NetworkDefinition | None = Field(
        None, description="The network, where the file has none."
    )
    name: Name | None = Field(None, description="What a person calls the model.")
    classes: Annotated[list[Name], Field(min_length=1, max_length=10_000)] | None = Field(
        None, description="The labels, in the order of the outputs."
    )
    preprocessing: dict[str, JsonValue] | None = Field(
        None, description="What images are turned into."
    )


_FILE = {"type": "string", "format": "binary", "description": "safetensors, npz or .keras."}
_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": _FILE,
                        "name": {"type": "string", "description": "What a person calls it."},
                        **{
                            part: {
                                "type": "string",
                                "contentMediaType": "application/json",
                                "description": ImportForm.model_fields[part].description,
                            }
                            for part in ("network", "classes", "preprocessing")
                        },
                    },
                }
            }
        },
    }
}


@router.get(
    "/{model}/export",
    response_class=Response,
    responses={200: {"content": {BINARY: {"schema": _FILE}}}, **versioned(404, 409, 422)},
)
def models_export(
    model: str,
    request: Request,
    parts: Parts,
    format_: Annotated[
        service.Format, Query(alias="format", description="What to write.")
    ] = "safetensors",
) -> Response:
    """A model as a file; it was read back and predicts the same on 16 digits."""
    loaded = parts.serving.load(resolve(parts, model))
    content = service.export(loaded, format_, parts.limits)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", loaded.model.name or "").strip("-.")
    disposition = f'attachment; filename="{stem or loaded.model.id}.{format_}"'
    return tagged_bytes(request, content, BINARY, {"Content-Disposition": disposition})


@router.post(
    "",
    status_code=201,
    response_model=ModelBody,
    responses=problems(400, 409, 413, 415, 422),
    openapi_extra=_REQUEST_BODY,
)
async def models_create(request: Request, parts: Parts, key: IdempotencyKey = None) -> Response:
    """Import a model: a file that this service exported, or weights with their network."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        raise HTTPException(415, f"send multipart/form-data, got {media_type[:100] or 'nothing'}")
    async with request.form(max_files=1, max_fields=8, max_part_size=2**20) as form:
        sent = await _sent(form)
    digest = hashlib.sha256(repr((sent.definition, sent.name, sent.classes)).encode())
    digest.update(repr(sent.preprocessing).encode() + sent.content)
    once = Once("POST /v1/models", key, digest.hexdigest())

    def run() -> Response:
        bundle = service.read(sent, parts.limits)
        uploaded = service.upload(parts.blobs, bundle)

        def create(connection: Connection) -> tuple[ModelBody, str]:
            model = service.store(connection, bundle, uploaded, sent.name, parts.limits)
            return ModelBody.of(model), f"/v1/models/{model.id}"

        answer = once.run(parts.database, 201, create)
        parts.registry.refresh()
        return answer

    return await run_in_threadpool(run)


async def _sent(form: FormData) -> service.Import:
    """The parts of an import's form, checked one by one."""
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
        elif part == "name":
            texts[part] = value
        else:
            text = await value.read() if isinstance(value, UploadFile) else value.encode()
            texts[part] = loads(text) if part in ImportForm.model_fields else None
    fields = _checked(texts)
    if file is None:
        raise InvalidInput.at(("file",), "a part named file is needed", "missing")
    return service.Import(
        await file.read(), fields.network, fields.name, fields.classes, fields.preprocessing
    )


def _checked(texts: dict[str, Any]) -> ImportForm:
    """The texts as JSON bodies are checked, with the same errors."""
    try:
        return ImportForm.model_validate(texts)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise RequestValidationError(found, body=texts) from error
