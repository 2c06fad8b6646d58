"""Datasets: what there is to learn from; made of files, of other datasets, or empty."""

import hashlib
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from app.api.declared import created, problems, versioned
from app.api.dependencies import Parts, Services
from app.api.forms import (
    MAX_FIELDS,
    MAX_TEXT,
    digest_of,
    form_schema,
    read_form,
    require_form,
    validated,
)
from app.api.media import media_type
from app.api.responses import IdempotencyKey, Once, Pages, listed, tagged
from app.api.schemas.common import ListBody
from app.api.schemas.datasets import DatasetBody
from app.api.strict_json import StrictRoute, is_json, loads
from app.domain import ids
from app.domain.dataset_requests import DatasetRequest, UploadForm
from app.domain.datasets import Dataset
from app.domain.errors import InvalidInput
from app.services import datasets as service
from app.services.quotas import check_room
from app.store import datasets as store
from app.store.database import Connection

router = APIRouter(prefix="/v1/datasets", tags=["datasets"], route_class=StrictRoute)

DatasetName = Annotated[str, Path(description="A dataset's name.")]

SCOPE = "POST /v1/datasets"

_PLAIN = ("name",)
_FILE = (
    "npz with x_train, y_train, x_test and y_test (integers 0..255 or floats 0..1); or a zip of "
    "MNIST's four IDX files, gzipped or not; or a zip of train/<class>/<image> and "
    "test/<class>/<image>: those that are grey and 28×28 are taken as they are, any others as "
    "predictions take a photo of a digit."
)
_EXAMPLE = {"file": "digits.npz", "name": "digits"}
_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": form_schema(
                UploadForm, _PLAIN, _FILE, ("application/zip",), _EXAMPLE
            ),
            "application/json": {
                "schema": {"$ref": "#/components/schemas/DatasetRequest"},
                "examples": {
                    "copy": {
                        "summary": "A copy of MNIST, to which corrections are added",
                        "value": {"name": "corrections", "from": "mnist"},
                    },
                    "empty": {
                        "summary": "One without samples",
                        "value": {
                            "name": "shapes",
                            "sample_shape": [1, 28, 28],
                            "classes": ["circle", "square"],
                        },
                    },
                },
            },
        },
    }
}


@router.get("", responses=problems(422))
def datasets_list(parts: Parts, pages: Pages) -> ListBody[DatasetBody]:
    """Every dataset, newest first; MNIST is the last."""
    with parts.database.reading() as connection:
        page = store.page(connection, pages.after(ids.pattern("dst")), pages.limit)
    return listed([DatasetBody.of(dataset) for dataset in page.records], page.next_id)


@router.post(
    "",
    status_code=201,
    response_model=DatasetBody,
    responses=created(400, 409, 413, 415, 422),
    openapi_extra=_REQUEST_BODY,
)
async def datasets_create(request: Request, parts: Parts, key: IdempotencyKey = None) -> Response:
    """Make a dataset: of a file, of another dataset, or without samples."""
    if is_json(media_type(request)):
        content = await request.body()
        if not content:
            raise InvalidInput.at((), "a body is needed", "missing")
        body = validated(DatasetRequest, loads(content))
        once = Once(SCOPE, key, hashlib.sha256(content).hexdigest())
        return await run_in_threadpool(_create, parts, once, body)
    require_form(request)
    async with request.form(
        max_files=MAX_FIELDS, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT
    ) as form:
        fields, file = await read_form(form, UploadForm, _PLAIN)
        return await run_in_threadpool(_upload, parts, key, fields, file.file)


def _create(parts: Services, once: Once, body: DatasetRequest) -> Response:
    def create(connection: Connection) -> tuple[DatasetBody, str]:
        check_room(connection, parts.quotas, "datasets")
        return _made(service.create(connection, body, parts.dataset_limits))

    return once.run(parts.database, 201, create)


def _upload(parts: Services, key: str | None, fields: UploadForm, file: BinaryIO) -> Response:
    with parts.database.reading() as connection:  # before it is read and stored for nothing
        check_room(connection, parts.quotas, "datasets")
    digest = digest_of(file, fields.model_dump_json().encode())
    draft = service.read(parts.readers, file, fields.classes, parts.blobs, parts.dataset_limits)

    def create(connection: Connection) -> tuple[DatasetBody, str]:
        check_room(connection, parts.quotas, "datasets")
        return _made(service.store(connection, draft, fields.name))

    return Once(SCOPE, key, digest).run(parts.database, 201, create)


def _made(dataset: Dataset) -> tuple[DatasetBody, str]:
    return DatasetBody.of(dataset), f"/v1/datasets/{dataset.name}"


@router.get("/{name}", response_model=DatasetBody, responses=versioned(404))
def datasets_read(name: DatasetName, request: Request, parts: Parts) -> Response:
    """One dataset, as its newest version is."""
    with parts.database.reading() as connection:
        return tagged(request, DatasetBody.of(service.find(connection, name)))


@router.delete("/{name}", status_code=204, responses=problems(404, 409))
def datasets_delete(name: DatasetName, parts: Parts) -> None:
    """Remove a dataset that no unfinished job needs; models and receipts stay."""
    with parts.database.writing() as connection:
        service.delete(connection, name)
