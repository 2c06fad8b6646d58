"""The answer to a request to infer: JSON, raw tensors behind it, or both."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from app.api.v2.envelope import HEADER_LENGTH, WINDOWS, Headers
from app.api.v2.requests import Asked, Wanted
from app.domain.errors import InvalidInput
from app.formats.tensors_v2 import joined
from app.services.batches import Run
from app.services.inference_v2 import classified
from app.services.serving import LoadedModel
from engine.arrays import Array

COMPRESSED_BYTES = 4096
"""To compress less than this takes longer than to send it."""


@dataclass(frozen=True)
class Answer:
    """What is sent."""

    headers: dict[str, str]
    content: bytes


def written(
    name: str, version: str, model: LoadedModel, asked: Asked, run: Run, warnings: Sequence[str]
) -> Answer:
    """What a model gave, in the form that was asked for.

    Args:
        name: What the client calls the model.
        version: The version that this was, as a number.
        model: Which.
        asked: What its client wants of it.
        run: Its output.
        warnings: About the input.

    Raises:
        InvalidInput: A result has no form in JSON.
    """
    raw: list[bytes] = []
    document: dict[str, Any] = {
        "model_name": name,
        "model_version": version,
        "parameters": _parameters(model, run, warnings),
        "outputs": [_output(model, run.output, wanted, raw) for wanted in asked.outputs],
    }
    if asked.id is not None:
        document["id"] = asked.id
    text = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if not raw:
        return Answer({"content-type": "application/json"}, text)
    headers = {"content-type": "application/octet-stream", HEADER_LENGTH: str(len(text))}
    return Answer(headers, b"".join((text, *raw)))


def compression(headers: Headers, size: int) -> str | None:
    """How to compress an answer: as its client asks, and only where that saves something."""
    if size <= COMPRESSED_BYTES:
        return None
    accepted = headers.get(b"accept-encoding", b"").decode("latin-1").lower()
    for one in accepted.split(","):
        encoding, _, quality = one.replace(" ", "").partition(";q=")
        refused = quality and not quality.strip("0.")
        if encoding in WINDOWS and not refused:
            return encoding
    return None


def compressed(answer: Answer, encoding: str) -> Answer:
    """The same, compressed; the length of its JSON stays what it is without."""
    stream = zlib.compressobj(level=1, wbits=WINDOWS[encoding])
    content = stream.compress(answer.content) + stream.flush()
    return Answer({**answer.headers, "content-encoding": encoding}, content)


def _parameters(model: LoadedModel, run: Run, warnings: Sequence[str]) -> dict[str, Any]:
    """What there is to say of an answer; values here are strings and numbers alone."""
    found: dict[str, Any] = {
        "model_id": model.model.id,
        "queue_us": round(run.queued * 1e6),
        "compute_us": round(run.computed * 1e6),
        "batch_rows": run.batch_rows,
    }
    if len(run.output) == 1 and not model.reconstructs and run.output.ndim == 2:
        found["label"] = model.model.classes[int(run.output.argmax())]
    if warnings:
        found["warnings"] = "; ".join(warnings)
    return found


def _output(model: LoadedModel, output: Array, wanted: Wanted, raw: list[bytes]) -> dict[str, Any]:
    """One output; what of it is binary is put behind the others."""
    datatype, shape = "FP32", list(output.shape)
    if wanted.classes:
        classes = _classes(model, output, wanted.classes)
        datatype, shape = "BYTES", [len(classes), len(classes[0])]
        data: Any = [one.decode() for row in classes for one in row]
        content = joined(one for row in classes for one in row) if wanted.binary else b""
    elif wanted.binary:
        data, content = None, output.astype("<f4", copy=False).tobytes()
    else:
        if not np.isfinite(output).all():
            msg = "a result is not finite, and JSON has no NaN; ask for it with binary_data"
            raise InvalidInput.at(("outputs", wanted.name), msg, "not_finite")
        data, content = np.ascontiguousarray(output).reshape(-1), b""
    described: dict[str, Any] = {"name": wanted.name, "datatype": datatype, "shape": shape}
    if wanted.binary:
        raw.append(content)
        # Only here: a JSON output with parameters is taken for a binary one by Triton's clients.
        described["parameters"] = {"binary_data_size": len(content)}
    else:
        described["data"] = data
    return described


def _classes(model: LoadedModel, output: Array, k: int) -> list[list[bytes]]:
    if model.reconstructs or output.ndim != 2:
        msg = "classification: the output of this model is no probabilities of classes"
        raise InvalidInput.at(("outputs", "classification"), msg, "no_classes")
    return classified(output, model.model.classes, k)
