"""Models as .keras, Keras 3's archive, without Keras: nothing in a file is ever executed.

An archive is a zip of two JSON texts and an HDF5 file. One that was written here is read by what it
says of itself; any other by keras_reader.py, which knows a short list of classes.
"""

import io
import json
import zipfile
from typing import Any

import numpy as np

import engine
from app.domain.definitions import Limits, NetworkDefinition, summarise
from app.domain.errors import InvalidInput, UnusableFile
from app.formats import archive, keras_reader, keras_variables
from app.formats.bundle import Bundle, assemble
from app.formats.keras_nodes import graph_of
from app.formats.keras_variables import Variables
from engine.arrays import Array

CONFIG, VARIABLES, OWN = "config.json", "model.weights.h5", "mnistry.json"

KERAS_VERSION = "3.0.0"
"""The oldest that has this format."""

MAX_JSON = 2**22
"""Bytes of a text: Keras needs about a thousand for each layer."""


def write(bundle: Bundle) -> bytes:
    """An archive that Keras 3 loads in its safe mode; the same bytes for the same model."""
    graph = graph_of(bundle.definition)
    arrays = {
        path: bundle.arrays[name].transpose(axes) if axes else bundle.arrays[name]
        for path, (name, axes) in graph.variables.items()
    }
    metadata = {"keras_version": KERAS_VERSION, "mnistry_version": engine.__version__}
    members = {
        "metadata.json": json.dumps(metadata).encode(),
        CONFIG: json.dumps(graph.config()).encode(),
        VARIABLES: keras_variables.write(arrays, graph.groups),
        OWN: json.dumps(bundle.metadata()).encode(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in members.items():
            archive.add(file, name, content)
    return out.getvalue()


def is_keras(content: bytes) -> bool:
    """Whether a zip is such an archive, as far as its names tell."""
    return CONFIG in archive.names(content)


def read(content: bytes, definition: NetworkDefinition | None, limits: Limits) -> Bundle:
    """A model of an archive that came from anybody.

    Args:
        content: The archive, which says what its network is.
        definition: Where a client sent one all the same, what it has to be.
        limits: The largest network that is accepted.

    Raises:
        InvalidInput: The network is another, wrong or too large.
        UnusableFile: It is no such archive, or has what the engine has not.
    """
    members = archive.members(content)
    for name in (CONFIG, VARIABLES):
        if name not in members:
            raise UnusableFile(f"the archive has no {name}, so it is not a .keras file")
    config = _object(members[CONFIG], CONFIG)
    variables = Variables(members[VARIABLES])
    texts = _object(members.get(OWN, b"{}"), OWN)
    if not all(isinstance(text, str) for text in texts.values()):
        raise UnusableFile(f"{OWN} is not a JSON object of texts")
    found, arrays = _own(config, variables, texts, limits) or keras_reader.read(config, variables)
    if definition is not None and definition.layers != found.layers:
        msg = "the .keras file has another network; leave network out, the file says it"
        raise InvalidInput.at(("network",), msg, "network_mismatch")
    return assemble(arrays, texts, found, limits)


def _own(
    config: dict[str, Any], variables: Variables, texts: dict[str, str], limits: Limits
) -> tuple[NetworkDefinition, dict[str, Array]] | None:
    """The network and arrays of an archive that was written here and not changed since."""
    try:
        definition = NetworkDefinition.model_validate(json.loads(texts["network"]))
        summarise(definition, limits)
    except (KeyError, ValueError, RecursionError, InvalidInput):
        return None
    graph = graph_of(definition)
    if graph.config() != config:
        return None
    arrays = {
        name: _turned(path, variables.read(path), axes)
        for path, (name, axes) in graph.variables.items()
    }
    return definition, arrays


def _turned(path: str, array: Array, axes: tuple[int, ...]) -> Array:
    """A variable with its axes as the engine has them; `axes`: as Keras has the engine's."""
    if axes and array.ndim != len(axes):
        raise UnusableFile(f"variable {path!r} has {array.ndim} axes, expected {len(axes)}")
    return array.transpose(np.argsort(axes)) if axes else array


def _object(text: bytes, name: str) -> dict[str, Any]:
    """The one JSON object of an entry, which is small, and names nothing twice."""
    if len(text) > MAX_JSON:
        raise UnusableFile(f"{name} has {len(text):,} bytes, at most {MAX_JSON:,} are read")
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UnusableFile(f"{name} is not JSON: {error!s:.100}") from error
    if not isinstance(value, dict):
        raise UnusableFile(f"{name} is not a JSON object")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different, so that it reads the same everywhere."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("an object has a name twice")
    return value


def _no_number(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
