"""The header of an .npy entry, read before its numbers: what it claims must be what is there."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.lib import format as npy

from app.domain.errors import UnusableFile
from engine.arrays import Shape

_MAX_HEADER = 10_000
_MAGIC = b"\x93NUMPY"
_VERSIONS: Mapping[tuple[int, ...], tuple[Callable[..., Any], int]] = {
    (1, 0): (npy.read_array_header_1_0, 2),
    (2, 0): (npy.read_array_header_2_0, 4),
    (3, 0): (npy.read_array_header_2_0, 4),  # the same, with names that are not Latin
}
"""How the header of each version is read, and how many bytes have its length."""


class Stream(Protocol):
    """Bytes, one after another."""

    def read(self, size: int = -1, /) -> bytes:
        """So many, or as many as there are."""


class Header(NamedTuple):
    """What an entry says of its array."""

    shape: Shape
    by_columns: bool
    dtype: np.dtype[np.generic]


def header(stream: Stream, name: str) -> Header:
    """The header of the entry `name`; the stream is then at its first number.

    Raises:
        UnusableFile: It is no array.
    """
    begin = stream.read(len(_MAGIC) + 2)
    version = tuple(begin[len(_MAGIC) :])
    if not begin.startswith(_MAGIC) or version not in _VERSIONS:
        raise UnusableFile(f"entry {name!r:.100} is not an array: it begins with 0x{begin.hex()}")
    read, width = _VERSIONS[version]
    size = stream.read(width)
    length = int.from_bytes(size, "little")
    if length > _MAX_HEADER:  # before so much is read
        raise UnusableFile(f"entry {name!r:.100} is not an array: a header of {length:,} bytes")
    try:
        found = Header(*read(BytesIO(size + stream.read(length)), max_header_size=_MAX_HEADER))
    except UnusableFile:
        raise
    except Exception as error:  # NumPy parses a header as Python, and raises nearly anything
        msg = f"entry {name!r:.100} is not an array: its header is none that NumPy would write"
        raise UnusableFile(msg) from error
    if min(found.shape, default=0) < 0:
        raise UnusableFile(f"entry {name!r:.100} is not an array: a shape below 0")
    return found
