"""Models as files: exports, and imports as multipart forms."""

import re
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, JsonValue

from app.api.declared import created
from app.api.dependencies import LongWork, Parts, Services
from app.api.downloads import described, download
from app.api.forms import MAX_FIELDS, MAX_TEXT, digest_of, form_schema, read_form, require_form
from app.api.loading import ModelName, load
from app.api.responses import IdempotencyKey, Once
from app.api.schemas.models import ModelBody
from app.api.strict_json import StrictRoute
from app.domain.definitions import NetworkDefinition
from app.domain.spec import Spec
from app.domain.text import Name
from app.services import exchange as service
from app.services.quotas import check_room
from app.store.database import Connection

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)

OCTETS = "application/octet-stream"


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


_PLAIN = ("name",)
_FILE = "safetensors, npz or .keras."
_TYPES = (OCTETS, "application/zip")
_EXAMPLE = {"file": "digits.safetensors", "name": "digits"}
_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": form_schema(ImportForm, _PLAIN, _FILE, _TYPES, _EXAMPLE)
        },
    }
}


@router.get(
    "/{model}/export",
    response_class=Response,
    responses=described(OCTETS, 404, 409, 422),
    dependencies=[LongWork],
)
def models_export(
    model: ModelName,
    request: Request,
    parts: Parts,
    format_: Annotated[
        service.Format, Query(alias="format", description="What to write.")
    ] = "safetensors",
) -> Response:
    """A model as a file; it was read back and predicts the same on 16 digits."""
    loaded = load(parts, model)
    content = service.export(loaded, format_, parts.limits)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", loaded.model.name or "").strip("-.")
    disposition = f'attachment; filename="{stem or loaded.model.id}.{format_}"'
    return download(request, content, OCTETS, {"Content-Disposition": disposition})


@router.post(
    "",
    status_code=201,
    response_model=ModelBody,
    responses=created(400, 409, 413, 415, 422),
    openapi_extra=_REQUEST_BODY,
)
async def models_create(request: Request, parts: Parts, key: IdempotencyKey = None) -> Response:
    """Import a model: a file that this service exported, or weights with their network."""
    require_form(request)
    async with request.form(
        max_files=MAX_FIELDS, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT
    ) as form:
        fields, file = await read_form(form, ImportForm, _PLAIN)
        return await run_in_threadpool(_import, parts, key, fields, file.file)


def _import(parts: Services, key: str | None, fields: ImportForm, file: BinaryIO) -> Response:
    with parts.database.reading() as connection:  # before it is read and stored for nothing
        check_room(connection, parts.quotas, "models")
    digest = digest_of(file, fields.model_dump_json().encode())
    sent = service.Import(file, fields.network, fields.name, fields.classes, fields.preprocessing)
    bundle = service.read(parts.readers, sent, parts.limits)
    uploaded = service.upload(parts.blobs, bundle)

    def create(connection: Connection) -> tuple[ModelBody, str]:
        check_room(connection, parts.quotas, "models")
        model = service.store(connection, bundle, uploaded, sent.name, parts.limits)
        return ModelBody.of(model), f"/v1/models/{model.id}"

    answer = Once("POST /v1/models", key, digest).run(parts.database, 201, create)
    parts.registry.refresh()
    return answer
