"""The repository: which models there are, and whether one is in memory.

Every model that is stored can be asked. To load one is to have it in memory before it is asked; to
unload one is to have it dropped from there until it is used again. Both are about the process that
answers.
"""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from app.api.dependencies import Parts, Services
from app.api.loading import ModelName, load_soon
from app.api.schemas.common import JsonObject
from app.api.schemas.inference_v2 import IndexBody
from app.api.strict_json import loads
from app.api.v2.described import failures
from app.domain.errors import InvalidInput

router = APIRouter(prefix="/v2/repository", tags=["inference protocol v2"])


def _body(example: dict[str, Any], description: str) -> dict[str, Any]:
    schema = {"type": "object", "description": description}
    return {
        "requestBody": {"content": {"application/json": {"schema": schema, "example": example}}}
    }


@router.post(
    "/index",
    responses=failures(400),
    openapi_extra=_body({"ready": True}, "`ready`: only those that are ready. May be empty."),
)
async def v2_index(request: Request, parts: Parts) -> list[IndexBody]:
    """All models and aliases, each with its newest version."""
    only_ready = (await _object(request)).get("ready", False)
    if not isinstance(only_ready, bool):
        msg = f"ready is true or false, got {only_ready!r:.100}"
        raise InvalidInput.at(("ready",), msg, "request_invalid")
    index = _index(parts)
    return [one for one in index if one.state == "READY"] if only_ready else index


@router.post(
    "/models/{model}/load",
    responses=failures(400, 404),
    openapi_extra=_body({}, "`parameters`: none that would change the model are taken."),
)
async def v2_load(model: ModelName, request: Request, parts: Parts) -> JsonObject:
    """Have a model in memory before it is asked."""
    overrides = _parameters(await _object(request))
    if overrides:
        names = ", ".join(overrides)[:100]
        raise HTTPException(501, f"a model is what was trained; {names} cannot be set here")
    await load_soon(parts, model)
    return {}


@router.post(
    "/models/{model}/unload",
    responses=failures(400, 404),
    openapi_extra=_body({"parameters": {"unload_dependents": False}}, "May be empty."),
)
async def v2_unload(model: ModelName, request: Request, parts: Parts) -> JsonObject:
    """Drop a model from memory; what it works on is answered, what comes later loads it again."""
    _parameters(await _object(request))
    model_id = await run_in_threadpool(parts.registry.resolve, model)
    parts.serving.drop(model_id)
    return {}


def _index(parts: Services) -> list[IndexBody]:
    names = parts.registry.names
    found = []
    for name in (*names.models, *names.aliases):
        newest = names.versions(name)[0]
        dropped = parts.serving.dropped(newest.model_id)
        found.append(
            IndexBody(
                name=name,
                version=newest.number,
                state="UNAVAILABLE" if dropped else "READY",
                reason="unloaded" if dropped else "",
            )
        )
    return found


async def _object(request: Request) -> dict[str, Any]:
    """The body, which may be empty, and says nothing of its type."""
    content = await request.body()
    body = loads(content) if content.strip() else {}
    if not isinstance(body, dict):
        msg = f"the body is an object, or empty, got {type(body).__name__}"
        raise InvalidInput.at((), msg, "request_invalid")
    return body


def _parameters(body: dict[str, Any]) -> dict[str, Any]:
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        msg = f"parameters is an object, got {type(parameters).__name__}"
        raise InvalidInput.at(("parameters",), msg, "request_invalid")
    return parameters
