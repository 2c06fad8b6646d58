"""Predict: images, arrays or strokes in, digits out.

Nothing here asks the database, and a small request is answered without leaving the event loop.
"""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from app.api import presence
from app.api.answers import answer, timings
from app.api.declared import headers, in_path, problems
from app.api.dependencies import Services
from app.api.loading import load_soon
from app.api.plain_route import PlainRoute
from app.api.prediction_bodies import REQUEST_BODY, inputs_of
from app.api.schemas.predictions import PredictionsBody
from app.domain.errors import FieldError, InvalidInput
from app.services import explanations
from app.services.predictions import Input, Preprocess
from app.services.registry import LATEST
from engine.arrays import Array

INCLUDES = ("preprocessed", "saliency", "activations")
_ONE = f"({'|'.join(INCLUDES)})"
FEW = 16
"""Answers that are written at once; more are written in a thread."""


class Options(BaseModel):
    """What a request asks for in its query."""

    top_k: int = Field(3, ge=1, le=1000, description="How many classes `top_k` names.")
    include: str = Field(
        "",
        max_length=100,
        json_schema_extra={"pattern": f"^ *{_ONE}? *(, *{_ONE}? *)*$"},
        description=f"More to answer, with commas: {', '.join(INCLUDES)}.",
    )
    preprocess: Preprocess = Field(
        "auto", description="`none`: take images as they are, only resized."
    )

    def includes(self) -> frozenset[str]:
        if not self.include:
            return frozenset()
        wanted = frozenset(one.strip() for one in self.include.split(",") if one.strip())
        for unknown in wanted.difference(INCLUDES):
            msg = f"{unknown!r} cannot be included, only {', '.join(INCLUDES)}"
            raise InvalidInput.at(("query", "include"), msg, "include_unknown")
        return wanted


_DEFAULTS = Options()
_PARAMETERS = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": schema.pop("description"),
        "schema": schema,
    }
    for name, schema in Options.model_json_schema()["properties"].items()
]


def install(app: FastAPI) -> None:
    """Add the routes; the first that are, since a router asks its routes in their order."""
    described: dict[str, Any] = {
        "methods": ["POST"],
        "tags": ["predict"],
        "response_model": PredictionsBody,
        "responses": {
            200: {"headers": headers("Server-Timing")},
            **problems(400, 404, 413, 415, 422),
        },
        "route_class_override": PlainRoute,
    }
    named = {**REQUEST_BODY, "parameters": [*in_path("model"), *_PARAMETERS]}
    app.router.add_api_route(
        "/v1/predict",
        predict,
        openapi_extra={**REQUEST_BODY, "parameters": _PARAMETERS},
        **described,
    )
    app.router.add_api_route(
        "/v1/models/{model}/predict", models_predict, openapi_extra=named, **described
    )


async def predict(request: Request) -> Response:
    """Read digits with the newest model."""
    return await _predict(LATEST, request)


async def models_predict(request: Request) -> Response:
    """Read digits with a model, named by its id or by an alias."""
    return await _predict(request.path_params["model"], request)


async def _predict(name: str, request: Request) -> Response:
    parts: Services = request.app.state.services
    options = _options(request.scope["query_string"])
    wanted = options.includes()
    loaded = await load_soon(parts, name)
    with parts.statistics.stopwatch(loaded.model.id) as watch:
        inputs = await inputs_of(request, parts, loaded, options.preprocess)
        _check_explained(wanted, len(inputs))
        x = _batch(inputs)
        watch.read()
        run = await presence.run(
            request, parts.inference, loaded, x, parts.predict_seconds, judged=True
        )
        watch.computed(run.queued)
        write = partial(answer, loaded, inputs, run, options.top_k, wanted)
        at_once = len(inputs) <= FEW and not wanted
        content = write() if at_once else await parts.preparing.run(write)
    timing = timings(watch.reading, run, watch.writing)
    return Response(content, headers={"Server-Timing": timing}, media_type="application/json")


def _batch(inputs: Sequence[Input]) -> Array:
    """The inputs as one array (rows, *input_shape)."""
    if len(inputs) == 1:
        return inputs[0].x[np.newaxis]
    return np.stack([one.x for one in inputs])


def _options(query: bytes) -> Options:
    if not query:
        return _DEFAULTS
    try:
        return Options.model_validate(
            dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        )
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise InvalidInput(
            [
                FieldError(("query", *e["loc"]), f"{e['loc'][0]}: {e['msg']}", e["type"])
                for e in found
            ]
        ) from error


def _check_explained(wanted: Collection[str], inputs: int) -> None:
    if inputs <= explanations.MOST:
        return
    explained = sorted(set(wanted) & {"saliency", "activations"})
    if explained:
        msg = f"{explained[0]} is answered for at most {explanations.MOST} inputs, got {inputs}"
        raise InvalidInput.at(("query", "include"), msg, "too_many_explained")
