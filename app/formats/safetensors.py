"""Models as safetensors: named arrays, with the network in the header's own texts."""

import json

import safetensors.numpy

from app.domain.definitions import Limits, NetworkDefinition
from app.domain.errors import UnusableFile
from app.formats import safetensors_arrays
from app.formats.bundle import Bundle, assemble

_ALL = "mnistry"
"""One text holds the others: the library writes several in another order each time."""


def write(bundle: Bundle) -> bytes:
    """The arrays by their names, and one text of metadata."""
    return safetensors.numpy.save(bundle.all_arrays(), {_ALL: json.dumps(bundle.metadata())})


def read(content: bytes, definition: NetworkDefinition | None, limits: Limits) -> Bundle:
    """A model of a file that came from anybody.

    Raises:
        InvalidInput: The definition is wrong or too large.
        UnusableFile: It is no such file, or not of such a network.
    """
    arrays, metadata = safetensors_arrays.read(content)
    try:
        texts = json.loads(metadata.get(_ALL, "{}"))
    except (ValueError, RecursionError) as error:
        raise UnusableFile(f"the metadata {_ALL!r} of the file are not JSON") from error
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise UnusableFile(f"the metadata {_ALL!r} of the file are not texts by name")
    return assemble(arrays, texts, definition, limits)
