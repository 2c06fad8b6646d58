"""The OpenAPI document: what FastAPI derives, with problems as problems and binary as binary."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.api.schemas.common import Problem
from app.api.schemas.jobs import EventsBody

_EXTRA_SCHEMAS = (Problem, EventsBody)

DESCRIPTION = (
    "Define a neural network over HTTP, train it in the background, draw a digit and have it read. "
    "Errors are RFC 9457 problems; lists have cursors; a POST that creates takes Idempotency-Key."
)


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
                separate_input_output_schemas=False,
            )
            app.openapi_schema = _finish(schema)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _finish(schema: dict[str, Any]) -> dict[str, Any]:
    """Add the bodies that only hand-written responses name."""
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for model in _EXTRA_SCHEMAS:
        described = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
    return schema
