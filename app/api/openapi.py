"""The OpenAPI document: what FastAPI derives, and what stands before every route."""

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from app.api.declared import HEADERS, headers
from app.api.schemas.common import Problem
from app.api.schemas.inference_v2 import InferRequest, InferResponse
from app.api.schemas.jobs import EventsBody
from app.api.schemas.predictions import ArraysRequest, InvocationRequest, PredictRequest
from app.domain.dataset_requests import DatasetRequest

_EXTRA_SCHEMAS = (
    *(Problem, EventsBody, DatasetRequest),
    *(PredictRequest, ArraysRequest, InvocationRequest, InferRequest, InferResponse),
)
"""Bodies that routes read or write themselves, so that FastAPI does not know of them."""

DESCRIPTION = (
    "Define a neural network over HTTP, train it in the background, draw a digit and have it read. "
    "Errors are RFC 9457 problems; lists have cursors; a POST that creates takes Idempotency-Key."
)

_TAGS = {
    "networks": "Define a network, and see what it will cost.",
    "datasets": "What there is to learn from.",
    "jobs": "Train a network in the background, and follow it.",
    "sweeps": "Train many jobs that differ in what a grid says.",
    "models": "What jobs leave: weights, their figures, and names that move from one to the next.",
    "predict": "Read digits.",
    "inference protocol v2": "The Open Inference Protocol, as Triton's clients speak it.",
    "adapters": "Predict as other servers' clients ask for it.",
    "service": "The service itself.",
}

_KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "Where keys are configured: a reader may read and predict, a trainer do all.",
}


def operation_id(route: APIRoute) -> str:
    """Stable: the name of the function that serves the route."""
    return route.name


def install(app: FastAPI) -> None:
    """Have an app show the finished document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=[{"name": name, "description": text} for name, text in _TAGS.items()],
                license_info={"name": "MIT", "identifier": "MIT"},
                separate_input_output_schemas=False,
            )
            app.openapi_schema = _finish(schema)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def text(app: FastAPI) -> str:
    """The document as a file."""
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"


def _finish(document: dict[str, Any]) -> dict[str, Any]:
    """Add what no route says: keys, the request's id, and bodies that are read by hand."""
    components = document["components"]
    _, described = models_json_schema(
        [(model, "validation") for model in _EXTRA_SCHEMAS],
        ref_template="#/components/schemas/{model}",
    )
    components["schemas"] = dict(sorted({**components["schemas"], **described["$defs"]}.items()))
    components["headers"] = HEADERS
    components["securitySchemes"] = {"key": _KEY}
    document["security"] = [{}, {"key": []}]
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _never_null(parameter["schema"])
            for response in operation["responses"].values():
                response["headers"] = {**headers("X-Request-ID"), **response.get("headers", {})}
    return document


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without null: in an address or a header there is none."""
    branches = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(branches) != 1:
        return schema
    return {**branches[0], **{name: schema[name] for name in schema if name != "anyOf"}}
