"""Models as files: exported in four formats, imported from three."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Literal

import numpy as np

from app.children import read_model
from app.children.readers import Readers
from app.domain import clock, ids
from app.domain.definitions import Limits, NetworkDefinition, summarise
from app.domain.errors import InvalidInput, StateConflict
from app.domain.records import Model
from app.formats import familiarity, keras, model_file, npz, onnx, safetensors, tensors
from app.formats.bundle import Bundle
from app.services.serving import LoadedModel
from app.store import blobs, mnist, models
from app.store.blobs import Blob, Blobs
from app.store.database import Connection
from engine.arrays import Array

Format = Literal["safetensors", "npz", "onnx", "keras"]

CHECKED_ON, LARGE, CHECKED_ON_LARGE = 16, 50_000_000, 2
"""Digits that an exported file has to read as the model does before it is offered; fewer for a
network of so many multiply-adds, which ONNX's reference takes minutes for."""

_WRITERS: dict[Format, Callable[[Bundle], bytes]] = {
    "safetensors": safetensors.write,
    "npz": npz.write,
    "onnx": onnx.write,
    "keras": keras.write,
}


@dataclass(frozen=True)
class Import:
    """What a client sends: a file, and what it may say beside it."""

    file: BinaryIO
    definition: NetworkDefinition | None = None
    name: str | None = None
    classes: list[str] | None = None
    preprocessing: dict[str, Any] | None = None


def export(loaded: LoadedModel, kind: Format, limits: Limits) -> bytes:
    """A model as a file, which has been read back and predicts the same.

    Raises:
        StateConflict: It does not.
    """
    model = loaded.model
    definition = NetworkDefinition.model_validate(model.definition)
    arrays = tensors.named_arrays(loaded.network.layers)
    bundle = Bundle(
        definition,
        arrays,
        model.classes,
        model.preprocessing,
        model.dataset,
        loaded.familiarity,
    )
    content = _WRITERS[kind](bundle)
    large = summarise(definition, limits).macs > LARGE
    x = _digits(loaded)[: CHECKED_ON_LARGE if large else CHECKED_ON]
    got, expected = _predict(content, kind, x, limits), loaded.predict(x)
    # Relative to the largest output: where large numbers cancel, small ones are left of rounding.
    if not np.allclose(got, expected, rtol=1e-3, atol=1e-5 * max(1.0, np.abs(expected).max())):
        raise StateConflict(f"model {model.id} would not predict the same as a {kind} file")
    return content


def _digits(loaded: LoadedModel) -> Array:
    """Test digits in the model's input shape; noise where it takes something else."""
    digits = mnist.read("test").images[:CHECKED_ON].astype(np.float32) / 255
    if digits[0].size == int(np.prod(loaded.input_shape)):
        return digits.reshape(-1, *loaded.input_shape)
    rng = np.random.default_rng(0)
    return rng.random((CHECKED_ON, *loaded.input_shape), np.float32)


def _predict(content: bytes, kind: Format, x: Array, limits: Limits) -> Array:
    """What the network of a file makes of a batch."""
    if kind == "onnx":
        return onnx.predict(content, x)
    return model_file.read(content, None, limits).network().predict(x)


def read(readers: Readers, sent: Import, limits: Limits) -> Bundle:
    """The model of a file in any of the formats.

    Raises:
        InvalidInput: What was sent beside the file does not fit it.
        UnusableFile: The file cannot be imported.
        Overloaded: Too many files are being read.
    """
    bundle = read_model.read(readers, sent.file, sent.definition, limits)
    if sent.preprocessing is not None:
        bundle = replace(bundle, preprocessing=sent.preprocessing)
    return replace(bundle, classes=_classes(sent, bundle, limits))


def _classes(sent: Import, bundle: Bundle, limits: Limits) -> list[str]:
    """The labels of the outputs: as sent, as in the file, else their numbers."""
    outputs = summarise(bundle.definition, limits).output_shape
    if outputs == tuple(bundle.definition.input_shape):
        return list(sent.classes or bundle.classes)  # it reproduces its input
    if len(outputs) != 1:
        msg = f"the network gives {list(outputs)}; a model gives one number for each class"
        raise InvalidInput.at(("network",), msg, "shape_mismatch")
    classes = list(sent.classes or bundle.classes) or [str(k) for k in range(outputs[0])]
    if len(classes) != outputs[0] or len(set(classes)) != len(classes):
        msg = f"{outputs[0]} different classes are needed, one an output, got {len(classes)}"
        raise InvalidInput.at(("classes",), msg, "classes_count")
    return classes


@dataclass(frozen=True)
class Uploaded:
    """An imported model's blobs, before a row names them."""

    weights: Blob
    familiarity: Blob | None


def upload(stored: Blobs, bundle: Bundle) -> Uploaded:
    """Bring an imported model's blobs to where the store keeps them."""
    known = bundle.familiarity
    return Uploaded(
        stored.upload(tensors.pack_weights(bundle.network().layers)),
        None if known is None else stored.upload(familiarity.pack(known)),
    )


def store(
    connection: Connection, bundle: Bundle, uploaded: Uploaded, name: str | None, limits: Limits
) -> Model:
    """Keep an imported model; its figures are not known."""
    weights, known = uploaded.weights, uploaded.familiarity
    blobs.put(connection, weights)
    if known is not None:
        blobs.put(connection, known)
    model = Model(
        id=ids.new_id("mdl"),
        created_at=clock.now(),
        name=name or bundle.definition.name,
        job_id=None,
        network_id=None,
        definition=bundle.definition.model_dump(mode="json"),
        dataset=bundle.dataset,
        classes=list(bundle.classes),
        preprocessing=dict(bundle.preprocessing),
        parameters=summarise(bundle.definition, limits).parameters,
        size_bytes=len(weights.content),
        sha256=weights.sha256,
        metrics={"test_accuracy": None, "test_loss": None, "calibration_error": None},
        familiarity_sha256=None if known is None else known.sha256,
    )
    models.insert(connection, model)
    return model
