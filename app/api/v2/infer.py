"""Infer: the one route that is asked thousands of times a second, as plain ASGI.

It solves no dependencies, hops to a thread only for what takes longer than the hop, and writes its
own response. Everything else below /v2 is an ordinary route.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.api.dependencies import Services
from app.api.failures_v2 import failure
from app.api.v2.answers import Answer, compressed, compression, written
from app.api.v2.described import INFER_BODY, INFER_RESPONSES
from app.api.v2.models import ModelName, VersionName
from app.api.v2.requests import Asked, decompressed, parse
from app.domain.errors import InvalidInput
from app.services.inference import Run
from app.services.inference_v2 import INPUT, rows
from app.services.registry import Version
from app.services.serving import LoadedModel
from engine.arrays import Array

AT_ONCE_BYTES = 256 * 1024
"""Reading or writing less than this takes less time than a hop to a thread and back is worth."""

MAX_SAMPLE = 4096
"""The largest input that an error shows a sample of, in numbers."""


class InferRoute(APIRoute):
    """A route that FastAPI describes by its endpoint's signature, and `infer` serves."""

    def __init__(self, path: str, endpoint: Callable[..., None]) -> None:
        super().__init__(
            path,
            endpoint,
            methods=["POST"],
            tags=["inference protocol v2"],
            operation_id=endpoint.__name__,
            responses=INFER_RESPONSES,
            openapi_extra=INFER_BODY,
        )
        self.app = infer


def v2_infer(model: ModelName) -> None:
    """Ask a model: numbers or encoded images in, as JSON or as raw bytes; the same out."""


def v2_infer_version(model: ModelName, version: VersionName) -> None:
    """Ask one version of a model."""


def routes() -> list[InferRoute]:
    """The routes for a model, and for one version of it."""
    return [
        InferRoute("/v2/models/{model}/infer", v2_infer),
        InferRoute("/v2/models/{model}/versions/{version}/infer", v2_infer_version),
    ]


async def infer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request to infer."""
    began = time.perf_counter()
    parts: Services = scope["app"].state.services
    name, version = scope["path_params"]["model"], scope["path_params"].get("version")
    try:
        body = await _body(receive)
    except ClientDisconnect:
        return  # nobody is left to be answered
    found = parts.registry.names.get(name, version)
    if found is None:
        found = await run_in_threadpool(parts.registry.version, name, version)
    loaded = parts.serving.loaded(found.model_id)
    if loaded is None:
        loaded = await run_in_threadpool(parts.serving.load, found.model_id)
    meter = parts.statistics.meter(found.model_id)
    headers = dict(scope["headers"])
    try:
        given = await _given(parts, loaded, headers, body)
        read = time.perf_counter()
        patience = min(given.asked.patience or parts.predict_seconds, parts.predict_seconds)
        run = await parts.inference.run(loaded, given.x, patience)
        computed = time.perf_counter()
        answer = await _answer(headers, name, found, loaded, given, run)
    except InvalidInput as error:
        meter.failed(time.perf_counter() - began)
        await failure(scope, 400, str(error), sample=_sample(loaded))(scope, receive, send)
        return
    except BaseException:
        meter.failed(time.perf_counter() - began)
        raise
    ended = time.perf_counter()
    meter.answered(read - began, run.queued, ended - computed, ended - began)
    length = (b"content-length", str(len(answer.content)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length, *answer.headers]})
    await send({"type": "http.response.body", "body": answer.content})


class _Given(NamedTuple):
    """What a request asks for, and its input."""

    asked: Asked
    x: Array
    warnings: list[str]


async def _body(receive: Receive) -> bytes:
    """The whole body, which the edge keeps from being too large."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _given(
    parts: Services, model: LoadedModel, headers: Mapping[bytes, bytes], body: bytes
) -> _Given:
    packed = b"content-encoding" in headers
    if packed:
        body = await run_in_threadpool(decompressed, headers, body, parts.max_predict_bytes)
    large = len(body) > AT_ONCE_BYTES
    asked = (
        await run_in_threadpool(parse, headers, body, model)
        if large
        else parse(headers, body, model)
    )
    pixels = parts.max_image_pixels
    if large or asked.tensor.datatype == "BYTES":  # images are to be decoded
        x, warnings = await run_in_threadpool(rows, model, asked.tensor, pixels)
    else:
        x, warnings = rows(model, asked.tensor, pixels)
    return _Given(asked, x, warnings)


async def _answer(
    headers: Mapping[bytes, bytes],
    name: str,
    version: Version,
    model: LoadedModel,
    given: _Given,
    run: Run,
) -> Answer:
    arguments = (name, version.number, model, given.asked, run, given.warnings)
    if run.output.nbytes > AT_ONCE_BYTES:
        answer = await run_in_threadpool(written, *arguments)
    else:
        answer = written(*arguments)
    encoding = compression(headers, len(answer.content))
    return answer if encoding is None else await run_in_threadpool(compressed, answer, encoding)


def _sample(model: LoadedModel) -> dict[str, Any] | None:
    """A body that this model takes."""
    shape = [1, *model.input_shape]
    n = 1
    for size in shape:
        n *= size
    if n > MAX_SAMPLE:
        return None
    return {"inputs": [{"name": INPUT, "datatype": "FP32", "shape": shape, "data": [0.0] * n}]}
