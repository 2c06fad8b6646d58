"""Infer: the one route below /v2 that is asked thousands of times a second.

It hops to a thread only for what takes longer than the hop. Everything else below /v2 is an
ordinary route.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api import presence
from app.api.declared import in_path
from app.api.dependencies import Services
from app.api.failures_v2 import failure
from app.api.loading import load_version_soon
from app.api.plain_route import PlainRoute
from app.api.v2.answers import compressed, compression, written
from app.api.v2.described import INFER_BODY, INFER_LENGTH, INFER_RESPONSES
from app.api.v2.envelope import Headers, plain
from app.api.v2.requests import Asked, parse
from app.domain.errors import InvalidInput
from app.services.batches import Run
from app.services.inference_v2 import INPUT, rows
from app.services.registry import Version
from app.services.serving import LoadedModel
from app.vision.decode import is_small
from engine.arrays import Array

AT_ONCE_BYTES = 64 * 1024
"""Reading or writing less than this takes less time than a hop to a thread and back is worth."""

MAX_SAMPLE = 4096
"""The largest input that an error shows a sample of, in numbers."""


def install(app: FastAPI) -> None:
    """Add the routes; among the first, since a router asks its routes in their order."""
    for endpoint, path, names in (
        (v2_infer, "/v2/models/{model}/infer", ("model",)),
        (v2_infer_version, "/v2/models/{model}/versions/{version}/infer", ("model", "version")),
    ):
        app.router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            tags=["inference protocol v2"],
            responses=INFER_RESPONSES,
            openapi_extra={**INFER_BODY, "parameters": [*in_path(*names), INFER_LENGTH]},
            route_class_override=PlainRoute,
        )


async def v2_infer(request: Request) -> Response:
    """Ask a model: numbers or encoded images in, as JSON or as raw bytes; the same out."""
    return await _infer(request, request.path_params["model"], None)


async def v2_infer_version(request: Request) -> Response:
    """Ask one version of a model."""
    return await _infer(request, request.path_params["model"], request.path_params["version"])


async def _infer(request: Request, name: str, version: str | None) -> Response:
    parts: Services = request.app.state.services
    found, loaded = await load_version_soon(parts, name, version)
    headers = dict(request.scope["headers"])
    try:
        with parts.statistics.stopwatch(found.model_id) as watch:
            given = await _given(parts, loaded, headers, await presence.read(request))
            watch.read()
            patience = min(given.asked.patience or parts.predict_seconds, parts.predict_seconds)
            run = await presence.run(request, parts.inference, loaded, given.x, patience)
            watch.computed(run.queued)
            return await _answer(headers, name, found, loaded, given, run)
    except InvalidInput as error:
        return failure(request.scope, 400, str(error), sample=_sample(loaded))


class _Given(NamedTuple):
    """What a request asks for, and its input."""

    asked: Asked
    x: Array
    warnings: list[str]


async def _given(parts: Services, model: LoadedModel, headers: Headers, body: bytes) -> _Given:
    if b"content-encoding" in headers or len(body) > AT_ONCE_BYTES:
        limit = parts.max_predict_bytes
        asked = await parts.preparing.run(
            lambda: parse(headers, plain(headers, body, limit), model)
        )
    else:
        asked = parse(headers, body, model)
    values, pixels = asked.tensor.values, parts.max_image_pixels
    if len(body) > AT_ONCE_BYTES or not (
        isinstance(values, np.ndarray) or all(map(is_small, values))
    ):
        x, warnings = await parts.preparing.run(rows, model, asked.tensor, pixels)
    else:
        x, warnings = rows(model, asked.tensor, pixels)
    return _Given(asked, x, warnings)


async def _answer(
    headers: Headers, name: str, version: Version, model: LoadedModel, given: _Given, run: Run
) -> Response:
    arguments = (name, version.number, model, given.asked, run, given.warnings)
    if run.output.nbytes > AT_ONCE_BYTES:
        answer = await run_in_threadpool(written, *arguments)
    else:
        answer = written(*arguments)
    encoding = compression(headers, len(answer.content))
    if encoding is not None:
        answer = await run_in_threadpool(compressed, answer, encoding)
    return Response(answer.content, 200, answer.headers)


def _sample(model: LoadedModel) -> dict[str, Any] | None:
    """A body that this model takes."""
    shape = [1, *model.input_shape]
    n = math.prod(shape)
    if n > MAX_SAMPLE:
        return None
    return {"inputs": [{"name": INPUT, "datatype": "FP32", "shape": shape, "data": [0.0] * n}]}
