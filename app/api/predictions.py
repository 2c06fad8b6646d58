"""Predict: images, arrays or strokes in, digits out."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from app.api.dependencies import Parts, Services
from app.api.models import resolve
from app.api.responses import problems
from app.api.schemas.predictions import ActivationBody, PredictionBody, PredictionsBody, RankedBody
from app.api.strict_json import StrictRoute, loads
from app.domain.drawings import Drawing
from app.domain.errors import InvalidInput
from app.services import explanations
from app.services import predictions as service
from app.services.predictions import Input, Prediction, Preprocess
from app.services.registry import LATEST
from app.services.serving import LoadedModel
from app.vision import render

router = APIRouter(prefix="/v1", tags=["predict"], route_class=StrictRoute)

INCLUDES = ("preprocessed", "saliency", "activations")
MAX_FILES = 256

IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/bmp",
    "image/tiff",
    "image/webp",
)

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["instances"],
                    "additionalProperties": False,
                    "properties": {
                        "instances": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": service.MAX_INSTANCES,
                            "description": "What to read.",
                            "items": {
                                "anyOf": [
                                    {
                                        "type": "array",
                                        "items": {},
                                        "description": "Numbers 0..1 in the model's input shape.",
                                    },
                                    service.EncodedImage.model_json_schema(),
                                    Drawing.model_json_schema(),
                                ]
                            },
                        }
                    },
                },
                "example": {"instances": [{"strokes": [[[10, 10], [60, 10], [30, 80]]]}]},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {"files": {"type": "array", "items": _BINARY["schema"]}},
                }
            },
            **dict.fromkeys(IMAGE_TYPES, _BINARY),
        },
    }
}

TopK = Annotated[int, Query(ge=1, le=1000, description="How many classes `top_k` names.")]
Include = Annotated[
    str, Query(max_length=100, description=f"More to answer, with commas: {', '.join(INCLUDES)}.")
]
Mode = Annotated[Preprocess, Query(description="`none`: take images as they are, only resized.")]


@router.post(
    "/models/{model}/predict",
    responses=problems(400, 404, 413, 415, 422),
    openapi_extra=_REQUEST_BODY,
)
async def models_predict(
    model: str,
    request: Request,
    parts: Parts,
    top_k: TopK = 3,
    include: Include = "",
    preprocess: Mode = "auto",
) -> PredictionsBody:
    """Read digits with a model, named by its id or by an alias."""
    wanted = _includes(include)
    loaded = await run_in_threadpool(lambda: parts.serving.load(resolve(parts, model)))
    make_inputs, content = await _body(request, parts, loaded, preprocess)

    def run() -> PredictionsBody:
        inputs = make_inputs(content)
        _check_explained(wanted, len(inputs))
        predictions = service.predict(loaded, inputs)
        return PredictionsBody(
            model_id=loaded.model.id,
            predictions=[_prediction(p, loaded, top_k, wanted) for p in predictions],
        )

    return await run_in_threadpool(run)


@router.post("/predict", responses=problems(400, 404, 413, 415, 422), openapi_extra=_REQUEST_BODY)
async def predict(
    request: Request,
    parts: Parts,
    top_k: TopK = 3,
    include: Include = "",
    preprocess: Mode = "auto",
) -> PredictionsBody:
    """Read digits with the newest model."""
    return await models_predict(LATEST, request, parts, top_k, include, preprocess)


def _includes(include: str) -> set[str]:
    wanted = {one.strip() for one in include.split(",") if one.strip()}
    for unknown in wanted.difference(INCLUDES):
        msg = f"{unknown!r} cannot be included, only {', '.join(INCLUDES)}"
        raise InvalidInput.at(("query", "include"), msg, "include_unknown")
    return wanted


def _check_explained(wanted: set[str], inputs: int) -> None:
    explained = sorted(wanted & {"saliency", "activations"})
    if explained and inputs > explanations.MOST:
        msg = f"{explained[0]} is answered for at most {explanations.MOST} inputs, got {inputs}"
        raise InvalidInput.at(("query", "include"), msg, "too_many_explained")


async def _body(
    request: Request, parts: Services, loaded: LoadedModel, mode: Preprocess
) -> tuple[Any, Any]:
    """How to make inputs of this body, and what of: reading is here, decoding is for a thread."""
    pixels = parts.max_image_pixels
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in ("application/json", "") or media_type.endswith("+json"):
        content = await request.body()
        return (
            lambda text: service.from_instances(loaded, _instances(text), mode, pixels)
        ), content
    if media_type == "multipart/form-data":
        files = await _files(request)
        return (lambda named: service.from_files(loaded, named, mode, pixels)), files
    if media_type in IMAGE_TYPES or media_type == "application/octet-stream":
        image = [(None, await request.body())]
        return (lambda named: service.from_files(loaded, named, mode, pixels)), image
    raise HTTPException(
        415,
        f"send application/json, multipart/form-data or an image ({', '.join(IMAGE_TYPES)}), "
        f"got {media_type[:100]}",
    )


def _instances(text: bytes) -> Sequence[Any]:
    body = loads(text)
    if not isinstance(body, dict):
        msg = f'the body is {{"instances": [...]}}, got {type(body).__name__}'
        raise InvalidInput.at((), msg, "body_type")
    for name in body:
        if name != "instances":
            raise InvalidInput.at(
                (name,), f"unknown field {name[:100]!r}; send instances", "extra_forbidden"
            )
    instances = body.get("instances")
    if not isinstance(instances, list):
        raise InvalidInput.at(("instances",), "a list of instances is needed", "missing")
    return instances


async def _files(request: Request) -> list[tuple[str | None, bytes]]:
    """The parts named `files`, with the names that they came with."""
    async with request.form(max_files=MAX_FILES, max_fields=16) as form:
        uploads = form.getlist("files")
        if not uploads:
            msg = "send one or more parts named files"
            raise InvalidInput.at(("files",), msg, "missing")
        files: list[tuple[str | None, bytes]] = []
        for i, upload in enumerate(uploads):
            if not isinstance(upload, UploadFile):
                msg = "the part is text, not a file: give it a file name"
                raise InvalidInput.at(("files", i), msg, "not_a_file")
            files.append((upload.filename, await upload.read()))
        return files


def _prediction(
    prediction: Prediction, loaded: LoadedModel, top_k: int, include: set[str]
) -> PredictionBody:
    given: Input = prediction.input
    shared: dict[str, Any] = {"filename": given.filename, "warnings": list(given.warnings)}
    shared["is_digit"] = prediction.is_digit
    if "preprocessed" in include:
        shared["preprocessed"] = service.image_url(given.x)
    if "activations" in include:
        shared["activations"] = [
            ActivationBody(
                index=one.index,
                type=one.kind,
                output_shape=list(one.shape),
                image=render.data_url(one.image),
            )
            for one in explanations.activations(loaded, given.x)
        ]
    if loaded.reconstructs:
        return PredictionBody(
            reconstruction=service.image_url(prediction.output),
            reconstruction_error=prediction.reconstruction_error(),
            **shared,
        )
    classes = loaded.model.classes
    order = prediction.ranked()
    if "saliency" in include:
        shared["saliency"] = service.image_url(explanations.saliency(loaded, given.x, order[0]))
    ranked = [
        RankedBody(label=classes[k], probability=float(prediction.output[k])) for k in order[:top_k]
    ]
    return PredictionBody(
        label=ranked[0].label,
        confidence=ranked[0].probability,
        probabilities=[float(p) for p in prediction.output],
        top_k=ranked,
        **shared,
    )
