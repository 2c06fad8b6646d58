"""The header of an .npy entry, read before its numbers: what it claims must be what is there."""

from tokenize import TokenError
from typing import NamedTuple, Protocol

import numpy as np
from numpy.lib import format as npy

from app.domain.errors import UnusableFile
from engine.arrays import Shape

_MAX_HEADER = 10_000
_NO_HEADER = (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, TokenError)
"""What NumPy, which parses a header as Python, raises of one that is none."""


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
    try:
        version = npy.read_magic(stream)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        found = Header(*read(stream, max_header_size=_MAX_HEADER))
        if min(found.shape, default=0) < 0:
            raise ValueError(f"a shape below 0: {found.shape}")
    except _NO_HEADER as error:
        raise UnusableFile(f"entry {name!r:.100} is not an array: {error!s:.200}") from error
    return found
