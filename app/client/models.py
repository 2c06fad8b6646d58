"""Models and aliases: what they are, and the conversations about them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import Field

from app.client.answers import parse
from app.client.calls import SLOW_SECONDS, Call, Steps, answered, ask, create, download
from app.client.records import Json, Record

FORMATS = ("safetensors", "npz", "onnx", "keras")


class ModelMetrics(Record):
    """What a model is worth on its dataset's test split; accuracy is 0 to 1."""

    test_accuracy: float | None = None
    test_loss: float | None = None
    calibration_error: float | None = None


class ModelRecord(Record):
    """A network with its trained weights.

    Attributes:
        id: Its id, `mdl_...`.
        job_id: The job that left it; None for an imported one.
        network: Its definition.
        dataset: What it has learnt; None where that is not known.
        classes: The labels, in the order of its outputs.
        parameters: How many numbers were trained.
        size_bytes: The size of its weights.
        sha256: The SHA-256 of its weights.
    """

    id: str
    name: str | None = None
    job_id: str | None = None
    network_id: str | None = None
    network: Json
    dataset: str | None = None
    classes: list[str]
    parameters: int
    created_at: str
    size_bytes: int
    sha256: str
    preprocessing: Json = Field(default_factory=dict)
    metrics: ModelMetrics


class ClassScore(Record):
    """How one class fares; all of it but `support`, a count, is 0 to 1."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


class Misread(Record):
    """A sample whose own class was found improbable."""

    index: int
    label: str
    predicted: str
    probability: float


class Evaluation(Record):
    """What a model is worth on a split.

    Attributes:
        accuracy: The share that it reads right, 0 to 1.
        loss: The mean cross-entropy.
        confusion_matrix: Rows are true classes.
        calibration: Bins by confidence, and the `expected_error`.
        worst: The samples that it reads worst, worst first.
    """

    accuracy: float
    loss: float
    samples: int
    confusion_matrix: list[list[int]]
    per_class: list[ClassScore]
    calibration: Json
    worst: list[Misread]


class Compared(Record):
    """One of two models."""

    model_id: str
    accuracy: float


class Comparison(Record):
    """Two models on the same samples; counts, and McNemar's exact `p_value`."""

    a: Compared
    b: Compared
    both_right: int
    both_wrong: int
    only_a_right: int
    only_b_right: int
    p_value: float
    disagreements: list[int]


class Alias(Record):
    """A name that serves wherever a model id does, with the models that it named before."""

    alias: str
    model_id: str
    updated_at: str
    past: list[Json] = Field(default_factory=list)


AnyModel = TypeVar("AnyModel", bound=ModelRecord)


def path_of(model: str) -> str:
    return f"/v1/models/{quote(model, safe='')}"


def alias_path(alias: str) -> str:
    return f"/v1/aliases/{quote(alias, safe='')}"


def evaluate(model: str, dataset: str, split: str) -> Steps[Evaluation]:
    body = {"dataset": dataset, "split": split}
    return ask(Evaluation, f"{path_of(model)}/evaluate", body, seconds=SLOW_SECONDS)


def compare(a: str, b: str, dataset: str, split: str) -> Steps[Comparison]:
    params = {"a": a, "b": b, "dataset": dataset, "split": split}
    call = Call("GET", "/v1/models/compare", params=params, seconds=SLOW_SECONDS)
    return parse(Comparison, (yield from answered(call)))


def export(model: str, format_: str) -> Steps[bytes]:
    response = yield from download(f"{path_of(model)}/export", {"format": format_})
    return response.content


def filters(model: str) -> Steps[bytes]:
    return (yield from download(f"{path_of(model)}/filters")).content


def upload(
    kind: type[AnyModel],
    file: str | Path,
    network: Mapping[str, Any] | None,
    name: str | None,
    classes: list[str] | None,
) -> Steps[AnyModel]:
    path = Path(file)
    form = {} if name is None else {"name": name}
    for part, value in (("network", network), ("classes", classes)):
        if value is not None:
            form[part] = json.dumps(value)
    content = (path.name, path.read_bytes())
    return create(kind, "/v1/models", form=form, files=[("file", content)])


def point(alias: str, model_id: str) -> Steps[Alias]:
    return ask(Alias, alias_path(alias), {"model_id": model_id}, method="PUT")
