"""The arrays of a safetensors file that came from anybody.

The library reads what it wrote itself (tensors.py); it takes names that are there twice, arrays of
nothing and headers of 100 MB. Here a file is what the format's text says: a header of one length,
and arrays that cover the rest, each byte once.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from app.domain.errors import UnusableFile
from engine.arrays import Array

MAX_HEADER = 2**23
MAX_ARRAYS = 10_000
_MAX_AXES = 8
_TYPES: Mapping[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),  # the upper half of a float32
}


class _Place(NamedTuple):
    """Where an array is."""

    begin: int
    end: int
    name: str
    type: str
    shape: tuple[int, ...]


def read(content: bytes) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays of a file by their names, and the texts in its header.

    Raises:
        UnusableFile: It is no such file.
    """
    header, start = _header(content)
    texts = header.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise UnusableFile("__metadata__ of the safetensors file is not texts by name")
    if len(header) > MAX_ARRAYS:
        raise UnusableFile(f"the file has {len(header):,} arrays, at most {MAX_ARRAYS:,} are read")
    places = sorted(_place(name, entry) for name, entry in header.items())
    _check_cover(places, len(content) - start)
    return {one.name: _array(content, start, one) for one in places}, texts


def _header(content: bytes) -> tuple[dict[str, Any], int]:
    """The header, and where the arrays begin."""
    length = int.from_bytes(content[:8], "little")
    start = 8 + length
    if len(content) < 8 or start > len(content):
        raise UnusableFile("not a safetensors file: it ends before its header does")
    if length > MAX_HEADER:
        raise UnusableFile(f"the header has {length:,} bytes, at most {MAX_HEADER:,} are read")
    text = content[8:start]
    if not text.startswith(b"{"):
        raise UnusableFile("not a safetensors file: its header does not begin with {")
    try:
        header = json.loads(text.decode(), object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        raise UnusableFile(f"the header of the safetensors file: {error!s:.100}") from error
    assert isinstance(header, dict)  # noqa: S101 - it begins with {
    return header, start


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("it has a name twice")
    return value


def _place(name: str, entry: Any) -> _Place:
    """Where an array says that it is, which has to be as long as its shape is."""
    match entry:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [int(begin), int(end)]}:
            sizes = [type(n) for n in (*shape, begin, end)]
        case _:
            raise UnusableFile(f"array {name!r:.100} has no dtype, shape and data_offsets")
    if kind not in _TYPES:
        raise UnusableFile(f"array {name!r:.100} holds {kind!r:.20}, expected {', '.join(_TYPES)}")
    if len(entry) != 3 or set(sizes) != {int} or not _can_be(shape):
        raise UnusableFile(f"array {name!r:.100} has no shape that can be: {shape!s:.100}")
    if begin < 0 or end - begin != math.prod(shape) * _TYPES[kind].itemsize:
        raise UnusableFile(f"array {name!r:.100} is not as long as its shape: {shape!s:.100}")
    return _Place(begin, end, name, kind, tuple(shape))


def _can_be(shape: list[int]) -> bool:
    return len(shape) <= _MAX_AXES and min(shape, default=1) >= 1


def _check_cover(places: list[_Place], size: int) -> None:
    """Every byte belongs to one array."""
    begins, ends = [one.begin for one in places], [one.end for one in places]
    if any(begin != end for begin, end in zip([*begins, size], [0, *ends], strict=True)):
        raise UnusableFile("the arrays of the safetensors file overlap, or leave bytes over")


def _array(content: bytes, start: int, place: _Place) -> Array:
    dtype = _TYPES[place.type]
    count = math.prod(place.shape)
    values: Array = np.frombuffer(content, dtype, count, start + place.begin)
    if place.type == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(place.shape)
