"""The samples of a dataset: listed, seen as images, and added one by one."""

import hashlib
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response

from app.api.datasets import DatasetName
from app.api.declared import created, headers, problems, versioned
from app.api.dependencies import Parts, Services
from app.api.forms import MAX_FIELDS, MAX_TEXT, form_schema, read_form, require_form
from app.api.media import BYTES, IMAGE_TYPES
from app.api.responses import IdempotencyKey, Once, tagged_bytes
from app.api.schemas.common import ListBody
from app.api.schemas.datasets import NewSampleBody, SampleBody
from app.api.strict_json import StrictRoute
from app.domain.dataset_requests import SampleForm
from app.domain.datasets import Split
from app.domain.errors import InvalidInput, UnusableImage
from app.services import datasets, samples
from app.services.quotas import check_room
from app.store.database import Connection
from app.vision import render

router = APIRouter(prefix="/v1/datasets/{name}/samples", tags=["datasets"], route_class=StrictRoute)

SampleIndex = Annotated[int, Path(description="Its place in the split, from 0.")]
AnySplit = Annotated[Split, Query(description="Which part of the dataset.")]

_PLAIN = ("label",)
_FILE = "An image: PNG, JPEG, GIF, BMP, TIFF or WebP; prepared as predictions prepare it."
_EXAMPLE = {"file": "seven.png", "label": "7"}
_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": form_schema(SampleForm, _PLAIN, _FILE, IMAGE_TYPES, _EXAMPLE)
        },
    }
}


@router.get("", responses=problems(404, 422))
def samples_list(
    name: DatasetName,
    parts: Parts,
    split: AnySplit = "train",
    label: Annotated[str | None, Query(description="Only those of this class.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Items a page.")] = 20,
    cursor: Annotated[
        str | None, Query(pattern="^[0-9]{1,9}$", description="`next_cursor` of the page before.")
    ] = None,
) -> ListBody[SampleBody]:
    """The samples of a split, in their order."""
    with parts.database.reading() as connection:
        dataset = datasets.find(connection, name)
    wanted = None if label is None else samples.class_number(dataset, label, ("query", "label"))
    first = 0 if cursor is None else int(cursor)
    found = parts.examples.labels(dataset, split, wanted, first, limit + 1)
    items = [
        SampleBody(index=index, split=split, label=dataset.classes[number])
        for index, number in found[:limit]
    ]
    return ListBody(data=items, next_cursor=str(found[limit][0]) if len(found) > limit else None)


@router.post(
    "",
    status_code=201,
    response_model=NewSampleBody,
    responses=created(400, 404, 409, 413, 415, 422),
    openapi_extra=_REQUEST_BODY,
)
async def samples_create(
    name: DatasetName,
    request: Request,
    parts: Parts,
    split: AnySplit = "train",
    key: IdempotencyKey = None,
) -> Response:
    """Add a labelled image at the end of a split: a new version of the dataset."""
    require_form(request)
    async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_TEXT) as form:
        fields, file = await read_form(form, SampleForm, _PLAIN)
        content = await file.read()
    return await parts.preparing.run(_add, parts, key, name, split, fields.label, content)


def _add(
    parts: Services, key: str | None, name: str, split: Split, label: str, content: bytes
) -> Response:
    digest = hashlib.sha256(f"{split} {label}\0".encode() + content).hexdigest()
    with parts.database.reading() as connection:
        dataset = datasets.find(connection, name)
    datasets.check_own(name)
    number = samples.class_number(dataset, label, ("label",))
    try:
        prepared = samples.prepare(content, dataset.sample_shape, parts.dataset_limits.pixels)
    except UnusableImage as error:
        raise InvalidInput.at(("file",), str(error), error.kind) from error
    addition = samples.addition(parts.examples, parts.blobs, dataset, split, prepared.image, number)

    def create(connection: Connection) -> tuple[NewSampleBody, str]:
        held = datasets.hold_own(connection, name)
        check_room(connection, parts.quotas)
        grown, known = samples.add(connection, held, addition, parts.dataset_limits)
        index = grown.contents[split].samples - 1
        body = NewSampleBody(
            index=index,
            split=split,
            label=label,
            version=grown.version,
            sha256=grown.sha256,
            warnings=[*prepared.warnings, *(["duplicate"] if known else [])],
        )
        return body, f"/v1/datasets/{name}/samples/{index}?split={split}"

    scope = f"POST /v1/datasets/{name}/samples"
    return Once(scope, key, digest).run(parts.database, 201, create)


@router.get(
    "/{index}",
    response_class=Response,
    responses={
        **versioned(404, 422),
        200: {
            "description": "The sample as an image; its class is in the header X-Label.",
            "content": {"image/png": BYTES},
            "headers": headers("ETag", "X-Label"),
        },
    },
)
def samples_read(
    name: DatasetName, index: SampleIndex, request: Request, parts: Parts, split: AnySplit = "train"
) -> Response:
    """One sample as an image."""
    with parts.database.reading() as connection:
        dataset = datasets.find(connection, name)
    image, number = parts.examples.sample(dataset, split, index)
    content = render.sample(image)
    headers = {"X-Label": quote(dataset.classes[number], safe=_PRINTABLE)}
    return tagged_bytes(request, content, "image/png", headers)


_PRINTABLE = "".join(map(chr, range(0x21, 0x7F))).replace("%", "") + " "
"""What stands in a header as it is."""
