"""Models as npz, NumPy's own archive: a zip of arrays, without pickle in either direction.

An entry holds as many bytes as its header claims, so that a few cannot ask for gigabytes.
"""

import io
import json
import math
import zipfile

import numpy as np
from numpy.lib import format as npy

from app.domain.definitions import Limits, NetworkDefinition
from app.domain.errors import UnusableFile
from app.formats.archive import add, members
from app.formats.bundle import Bundle, assemble
from app.formats.npy import header
from engine.arrays import Array

_METADATA = "metadata"
"""The array that holds the texts: JSON in a NumPy string, which every reader of npz can read."""


def write(bundle: Bundle) -> bytes:
    """The arrays by their names, and one of text."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        arrays = {**bundle.all_arrays(), _METADATA: np.array(json.dumps(bundle.metadata()))}
        for name, array in arrays.items():
            entry = io.BytesIO()
            npy.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
            add(archive, f"{name}.npy", entry.getvalue())
    return out.getvalue()


def read(content: bytes, definition: NetworkDefinition | None, limits: Limits) -> Bundle:
    """A model of a file that came from anybody.

    Raises:
        InvalidInput: The definition is wrong or too large.
        UnusableFile: It is no such file, or not of such a network.
    """
    entries = members(content)
    arrays = {name.removesuffix(".npy"): _array(name, entry) for name, entry in entries.items()}
    texts = arrays.pop(_METADATA, None)
    return assemble(arrays, {} if texts is None else _texts(texts), definition, limits)


def _array(name: str, entry: bytes) -> Array:
    """An array of an .npy entry: floats, or text."""
    stream = io.BytesIO(entry)
    shape, by_columns, dtype = header(stream, name)
    body = entry[stream.tell() :]
    if dtype.kind not in "fU" or dtype.itemsize == 0 or dtype.str[1:] == "f16":
        raise UnusableFile(f"entry {name!r:.100} holds {dtype!s:.100}, expected numbers or text")
    if min(shape, default=1) < 1 or math.prod(shape) * dtype.itemsize != len(body):
        raise UnusableFile(
            f"entry {name!r:.100} claims shape {list(shape)[:8]} of {dtype}, but holds "
            f"{len(body)} bytes"
        )
    return np.frombuffer(body, dtype).reshape(shape, order="F" if by_columns else "C")


def _texts(array: Array) -> dict[str, str]:
    try:
        texts = json.loads(str(array.item())) if array.dtype.kind == "U" else None
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise UnusableFile(f"the array {_METADATA!r} is not a JSON object of texts")
    return texts
