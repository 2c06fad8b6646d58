"""What a model gave → the body of a prediction, as bytes: `PredictionsBody` without its detour.

orjson writes NumPy's float32 as short as it can be told from its neighbours.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import orjson

from app.services import explanations
from app.services import predictions as service
from app.services.batches import Run
from app.services.predictions import Input
from app.services.serving import LoadedModel
from app.vision import render
from engine.arrays import Array


def answer(
    loaded: LoadedModel,
    inputs: Sequence[Input],
    run: Run,
    top_k: int,
    include: Collection[str],
) -> bytes:
    """The body of an answer.

    Args:
        loaded: The model that was asked.
        inputs: What it was given.
        run: What it made of them.
        top_k: How many classes are ranked.
        include: What else is wanted.
    """
    known = run.is_digit
    scores: Iterable[float | None] = repeat(None, len(inputs)) if known is None else known
    predictions = [
        {
            **(_reconstruction(one, y) if loaded.reconstructs else _reading(loaded, y, top_k)),
            **_common(loaded, one, y, include),
            "is_digit": score,
        }
        for one, y, score in zip(inputs, run.output, scores, strict=True)
    ]
    body = {"model_id": loaded.model.id, "predictions": predictions}
    return orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)


def timings(reading: float, run: Run, writing: float) -> str:
    """A Server-Timing header: where the time went, in milliseconds, and who shared the batch."""
    return (
        f"read;dur={reading * 1e3:.3f}, queue;dur={run.queued * 1e3:.3f}, "
        f"compute;dur={run.computed * 1e3:.3f}, write;dur={writing * 1e3:.3f}, "
        f'batch;desc="{run.batch_rows}"'
    )


def _reading(loaded: LoadedModel, y: Array, top_k: int) -> dict[str, Any]:
    classes = loaded.model.classes
    order = service.ranked(y)[:top_k]
    top = [{"label": classes[k], "probability": y[k]} for k in order]
    return {
        "label": top[0]["label"],
        "confidence": top[0]["probability"],
        "probabilities": np.ascontiguousarray(y),
        "top_k": top,
    }


def _reconstruction(one: Input, y: Array) -> dict[str, Any]:
    return {
        "reconstruction": service.image_url(y),
        "reconstruction_error": float(np.mean(np.square(y - one.x))),
    }


def _common(loaded: LoadedModel, one: Input, y: Array, include: Collection[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {"filename": one.filename, "warnings": list(one.warnings)}
    if "preprocessed" in include:
        fields["preprocessed"] = service.image_url(one.x)
    if "saliency" in include and not loaded.reconstructs:
        slope = explanations.saliency(loaded, one.x, service.ranked(y)[0])
        fields["saliency"] = service.image_url(slope)
    if "activations" in include:
        fields["activations"] = [
            {
                "index": layer.index,
                "type": layer.kind,
                "output_shape": list(layer.shape),
                "image": render.data_url(layer.image),
            }
            for layer in explanations.activations(loaded, one.x)
        ]
    return fields
