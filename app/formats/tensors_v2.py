"""Tensors of the Open Inference Protocol v2: raw bytes or JSON's lists ⇄ arrays.

Raw numbers are little-endian and row-major. An element of BYTES is its length, four bytes, and then
itself; in JSON it is base64, for JSON has no bytes. BF16 is a float32 without its lower half, which
NumPy does not know: it is read here and nowhere else.
"""

import base64
import binascii
import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import InvalidInput

Values = NDArray[Any] | list[bytes]
"""The elements of a tensor in one row; bytes where its datatype is BYTES."""

NUMBERS: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""The datatypes that NumPy has too."""

_BF16 = np.dtype("<u2")
DATATYPES = (*NUMBERS, "BF16", "BYTES")

MAX_DIMENSIONS = 8


def checked_shape(name: str, shape: Any) -> list[int]:
    """A shape as it was sent; Python's integers do not overflow, whatever it is.

    Raises:
        InvalidInput: It is no list of positive integers.
    """
    if not (isinstance(shape, list) and len(shape) <= MAX_DIMENSIONS):
        raise _refused(name, f"shape is a list of at most {MAX_DIMENSIONS} integers")
    if not all(type(n) is int and n > 0 for n in shape):
        raise _refused(name, f"every dimension is an integer of at least 1, got {shape!r:.200}")
    return shape


def from_bytes(name: str, datatype: str, shape: list[int], content: memoryview) -> Values:
    """A tensor that came as raw bytes; numbers stay where they are.

    Raises:
        InvalidInput: There are more or fewer bytes than the shape says.
    """
    elements = math.prod(shape)
    if datatype == "BYTES":
        return _split(name, elements, content)
    kind = _BF16 if datatype == "BF16" else NUMBERS[datatype]
    if len(content) != elements * kind.itemsize:
        raise _refused(
            name,
            f"shape {shape} of {datatype} is {elements * kind.itemsize:,} bytes, "
            f"got {len(content):,}",
        )
    values: NDArray[Any] = np.frombuffer(content, kind)
    if datatype == "BF16":
        values = (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif datatype == "BOOL":
        values = values.view(np.uint8) != 0  # any byte but 0 is true
    return values


def from_json(name: str, datatype: str, shape: list[int], data: Any) -> Values:
    """A tensor that came as JSON's `data`, flat or nested in any way.

    Raises:
        InvalidInput: These are not so many elements of this datatype.
    """
    if not isinstance(data, list):
        raise _refused(name, f"data is a list, got {type(data).__name__}")
    if datatype == "BF16":
        raise _refused(name, "BF16 has no form in JSON; send FP32, or binary data")
    if datatype == "BYTES":
        texts = list(_flat(data))
        _check_count(name, shape, len(texts))
        return [_decoded(name, text) for text in texts]
    return _numbers(name, datatype, shape, data)


def joined(elements: Iterable[bytes]) -> bytes:
    """A tensor of BYTES as raw bytes."""
    return b"".join(struct.pack("<I", len(one)) + one for one in elements)


def _numbers(name: str, datatype: str, shape: list[int], data: list[Any]) -> Values:
    kind: np.dtype[Any] = NUMBERS[datatype]
    try:
        values: NDArray[Any] = np.asarray(data)
    except (ValueError, OverflowError) as error:
        raise _refused(name, "data has lists of different lengths or depths") from error
    _check_count(name, shape, values.size)
    booleans = _holds_booleans(data)
    if datatype == "BOOL":
        if values.dtype.kind != "b":
            raise _refused(name, "data of BOOL is true and false alone")
        return values.reshape(-1)
    if kind.kind != "f" and values.dtype.kind in "fO" and _are_integers(data):
        # NumPy makes floats of integers that int64 and uint64 hold only together.
        values = np.asarray(data, object)
    elif values.dtype.kind not in ("iuf" if kind.kind == "f" else "iu") or booleans:
        what = "numbers" if kind.kind == "f" else "integers"
        raise _refused(name, f"data of {datatype} is {what}, got something else among them")
    if kind.kind != "f":
        limits = np.iinfo(kind)
        if int(values.min()) < limits.min or int(values.max()) > limits.max:
            raise _refused(
                name,
                f"data of {datatype} is {limits.min} to {limits.max}, "
                f"got {values.min()} to {values.max()}",
            )
    with np.errstate(over="ignore"):
        return values.reshape(-1).astype(kind)


def _split(name: str, elements: int, content: memoryview) -> list[bytes]:
    """The elements of a tensor of BYTES."""
    found: list[bytes] = []
    at = 0
    while at < len(content) and len(found) < elements:
        if len(content) - at < 4:
            break
        (length,) = struct.unpack_from("<I", content, at)
        if len(content) - at - 4 < length:
            break
        found.append(bytes(content[at + 4 : at + 4 + length]))
        at += 4 + length
    if len(found) != elements or at != len(content):
        raise _refused(
            name,
            f"{elements:,} elements of BYTES were expected, each after its length as 4 bytes; "
            f"{len(found):,} are there, and {len(content) - at:,} bytes that belong to none",
        )
    return found


def _decoded(name: str, text: Any) -> bytes:
    if not isinstance(text, str):
        raise _refused(name, "data of BYTES is base64 in strings, got something else among them")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(name, f"data of BYTES is base64: {error}") from error


def _flat(data: Sequence[Any]) -> Iterable[Any]:
    for one in data:
        if isinstance(one, list):
            yield from _flat(one)
        else:
            yield one


def _are_integers(data: Sequence[Any]) -> bool:
    return all(type(one) is int for one in _flat(data))


def _holds_booleans(data: Sequence[Any]) -> bool:
    """Whether true or false is among the numbers, where NumPy would take it for 1 or 0."""
    kinds = set(map(type, data))
    return bool in kinds or (list in kinds and any(map(_holds_booleans, data)))


def _check_count(name: str, shape: list[int], got: int) -> None:
    expected = math.prod(shape)
    if expected != got:
        raise _refused(name, f"shape {shape} has {expected:,} elements, data has {got:,}")


def _refused(name: str, msg: str) -> InvalidInput:
    return InvalidInput.at(("inputs", name), f"tensor {name!r:.100}: {msg}", "tensor_invalid")
