"""Asks a model for the adapters: other protocols over the same inputs, inference and statistics."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import orjson
from fastapi import Request, Response

from app.api import presence
from app.api.dependencies import Services
from app.api.loading import load_soon
from app.services.predictions import Input
from app.services.serving import LoadedModel
from engine.arrays import Array


@dataclass(frozen=True)
class Asked:
    """A model, and what it gave."""

    model: LoadedModel
    output: Array

    def predictions(self) -> Response:
        """`{"predictions": [...]}`: what TensorFlow Serving, KServe and MLflow all answer."""
        body = {"predictions": np.ascontiguousarray(self.output)}
        content = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        return Response(content, media_type="application/json")


async def ask(
    request: Request, parts: Services, name: str, inputs_for: Callable[[LoadedModel], list[Input]]
) -> Asked:
    """What a model makes of some inputs.

    Args:
        request: Whose body was read.
        parts: The service's.
        name: The model's id, or an alias.
        inputs_for: Makes the inputs for this model, in a thread.

    Raises:
        NotFound: There is no such model.
        InvalidInput: The inputs cannot be made.
        Overloaded: It would take too long.
    """
    loaded = await load_soon(parts, name)
    with parts.statistics.stopwatch(loaded.model.id) as watch:
        inputs = await parts.preparing.run(inputs_for, loaded)
        x = np.stack([one.x for one in inputs])
        watch.read()
        run = await presence.run(request, parts.inference, loaded, x, parts.predict_seconds)
        watch.computed(run.queued)
    return Asked(loaded, run.output)
