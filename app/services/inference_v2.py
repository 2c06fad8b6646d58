"""Tensors of the Open Inference Protocol v2 ⇄ what a model takes and gives.

A model has one input, `input`, and one output: `probabilities`, or `reconstruction` where it learnt
to reproduce its input. Numbers are taken as they are, but for UINT8, whose 0..255 become 0..1;
BYTES hold encoded images, which are prepared as they are everywhere else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.definitions import NetworkDefinition, summarise
from app.domain.errors import InvalidInput
from app.domain.records import Model
from app.formats.tensors_v2 import Values, from_bytes
from app.services import predictions
from app.services.serving import LoadedModel
from engine.arrays import Array, Shape

INPUT = "input"
PROBABILITIES = "probabilities"
RECONSTRUCTION = "reconstruction"
MAX_ROWS = predictions.MAX_INSTANCES

_IMAGE = frozenset({(), (1,)})
"""The shapes in which one encoded image may be sent."""


@dataclass(frozen=True)
class Tensor:
    """One that a client sent."""

    datatype: str
    shape: list[int]
    values: Values


@dataclass(frozen=True)
class Signature:
    """What a model takes and gives, for one input."""

    input_shape: Shape
    output_shape: Shape
    output: str

    @classmethod
    def of(cls, model: Model) -> "Signature":
        """A stored model's; its weights are not needed."""
        definition = NetworkDefinition.model_validate(model.definition)
        shape, gives = tuple(definition.input_shape), summarise(definition).output_shape
        return cls(shape, gives, output_name(gives == shape))


def output_name(reconstructs: bool) -> str:
    return RECONSTRUCTION if reconstructs else PROBABILITIES


def raw_tensor(input_shape: Shape, body: bytes) -> Tensor:
    """A body that is one input and nothing else: as many bytes as it has numbers, or an image.

    Four times as many bytes are FP32.
    """
    n = math.prod(input_shape)
    datatype = {n: "UINT8", 4 * n: "FP32"}.get(len(body))
    if datatype is None:
        return Tensor("BYTES", [1], [body])
    return Tensor(datatype, [n], from_bytes(INPUT, datatype, [n], memoryview(body)))


def rows(model: LoadedModel, tensor: Tensor, pixels: int) -> tuple[Array, list[str]]:
    """What a model is asked with, (rows, *input_shape), and what is to be said of it.

    Args:
        model: Which.
        tensor: In the model's shape, with or without a leading number of rows; flat inputs, and
            those without dimensions of 1, are taken too.
        pixels: The largest image.

    Raises:
        InvalidInput: It has another shape, or an image cannot be read.
    """
    n = count_rows(model, tensor.datatype, tensor.shape)
    if isinstance(tensor.values, list):
        return _images(model, tensor.values, pixels)
    with np.errstate(over="ignore"):
        x = tensor.values.astype(np.float32)  # a copy: in the body, numbers stand anywhere
    if tensor.datatype == "UINT8":
        x = x / np.float32(255)
    elif x.min() < 0 or x.max() > 1:  # NaN is neither
        warnings = [f"values of {tensor.datatype} are taken as they are; these leave 0..1"]
        return x.reshape(n, *model.input_shape), warnings
    return x.reshape(n, *model.input_shape), []


def count_rows(model: LoadedModel, datatype: str, shape: list[int]) -> int:
    """How many inputs a tensor of this shape holds.

    Raises:
        InvalidInput: It fits in no way, or there are too many.
    """
    forms, sent = _IMAGE if datatype == "BYTES" else model.input_forms, tuple(shape)
    if sent in forms:
        return 1
    if not sent or sent[1:] not in forms:
        expected = " or ".join(str([-1, *form]) for form in sorted(forms, key=len, reverse=True))
        got = f"tensor {INPUT!r} of {datatype}: expected shape {expected}, got {shape!r:.200}"
        raise InvalidInput.at(("inputs", INPUT), got, "tensor_shape")
    if shape[0] > MAX_ROWS:
        msg = f"at most {MAX_ROWS:,} rows are taken at a time, got {shape[0]:,}"
        raise InvalidInput.at(("inputs", INPUT), msg, "too_many_rows")
    return shape[0]


def classified(output: Array, classes: Sequence[str], k: int) -> list[list[bytes]]:
    """The k most probable classes of every row, as `value:index:label`."""
    best = np.argsort(-output, axis=1, kind="stable")[:, :k]
    return [
        [f"{row[i]!s}:{i}:{classes[i]}".encode() for i in order]
        for row, order in zip(output, best, strict=True)
    ]


def _images(model: LoadedModel, images: list[bytes], pixels: int) -> tuple[Array, list[str]]:
    """Encoded images, one a row."""
    named = [(f"element {i}", image) for i, image in enumerate(images)]
    prepared = predictions.from_files(model, named, "auto", pixels)
    warnings = dict.fromkeys(warning for one in prepared for warning in one.warnings)
    return np.stack([one.x for one in prepared]), list(warnings)
