"""Predict with the newest model, as MLflow and SageMaker have it."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.asking import ask
from app.api.declared import problems
from app.api.dependencies import Parts
from app.api.media import IMAGE_TYPES, IMAGES, SEVEN, media_type
from app.api.presence import read
from app.api.schemas.predictions import OutputsBody
from app.api.schemas.service import PingBody
from app.api.strict_json import loads
from app.domain.errors import InvalidInput
from app.services.predictions import Input, from_files, from_instances
from app.services.registry import LATEST
from app.services.serving import LoadedModel

router = APIRouter(tags=["adapters"])

FORMS = ("inputs", "instances", "dataframe_split", "dataframe_records")


@router.get("/ping", responses=problems())
async def ping() -> PingBody:
    """The process answers."""
    return PingBody(status="Healthy")


@router.post(
    "/invocations",
    response_model=OutputsBody,
    responses=problems(400, 404, 413, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/InvocationRequest"},
                    "example": {"inputs": [{"b64": SEVEN}]},
                },
                **IMAGES,
            },
        }
    },
)
async def invocations(request: Request, parts: Parts) -> Response:
    """Read digits with the newest model as a client of MLflow or SageMaker asks for it."""
    content = await read(request)
    sent = media_type(request)
    pixels = parts.max_image_pixels

    def inputs(loaded: LoadedModel) -> list[Input]:
        if sent in IMAGE_TYPES:
            return from_files(loaded, [(None, content)], "auto", pixels)
        return from_instances(loaded, _instances(loads(content)), "auto", pixels)

    return (await ask(request, parts, LATEST, inputs)).predictions()


def _instances(body: Any) -> Sequence[Any]:
    """The inputs of any of the four forms, as a list of them."""
    given = [form for form in FORMS if isinstance(body, dict) and form in body]
    if len(given) != 1:
        got = " and ".join(given) or "none of them"
        raise InvalidInput.at((), f"send one of {', '.join(FORMS)}; got {got}", "missing")
    form = given[0]
    value = body[form]
    if form == "inputs" and isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))  # by name; there is one input
    if form == "dataframe_split" and isinstance(value, dict):
        value = value.get("data")
    if not isinstance(value, list):
        raise InvalidInput.at((form,), f"{form} holds a list of rows", "not_a_list")
    if form == "dataframe_records":
        return [_row(one, value[0], i) for i, one in enumerate(value)]
    if form == "inputs" and value and not isinstance(value[0], list | dict):
        return [value]
    return value


def _row(record: Any, first: Any, i: int) -> list[Any]:
    """A record's values, in the order that the columns have in the first one."""
    if not isinstance(record, dict) or record.keys() != first.keys():
        msg = "a record is an object, with the same columns as the first"
        raise InvalidInput.at(("dataframe_records", i), msg, "columns_differ")
    return [record[column] for column in first]
