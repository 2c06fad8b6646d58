"""Tensors of the Open Inference Protocol: what was packed is unpacked, and nonsense is refused."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from app.domain.errors import InvalidInput
from app.formats.tensors_v2 import (
    DATATYPES,
    NUMBERS,
    checked_shape,
    from_bytes,
    from_json,
    joined,
)

SHAPES = st.lists(st.integers(1, 5), max_size=3)


@pytest.mark.parametrize("datatype", NUMBERS)
@settings(deadline=None)
@given(data=st.data(), shape=SHAPES)
def test_numbers_are_the_same_from_bytes_and_from_json(
    datatype: str, data: st.DataObject, shape: list[int]
) -> None:
    elements = None
    if NUMBERS[datatype].kind == "f":
        width = NUMBERS[datatype].itemsize * 8
        elements = st.floats(allow_nan=False, allow_infinity=False, width=width)  # type: ignore[arg-type]
    x = data.draw(arrays.arrays(NUMBERS[datatype], tuple(shape), elements=elements))

    unpacked = from_bytes("t", datatype, shape, memoryview(x.tobytes()))
    flat = from_json("t", datatype, shape, x.reshape(-1).tolist())

    assert np.array_equal(np.asarray(unpacked), x.reshape(-1))
    assert np.array_equal(np.asarray(flat), x.reshape(-1))
    if shape:
        nested = from_json("t", datatype, shape, x.tolist())
        assert np.array_equal(np.asarray(nested), x.reshape(-1))


def test_integers_that_only_an_unsigned_number_holds_stand_beside_small_ones() -> None:
    values = from_json("t", "UINT64", [2], [2**63, 0])

    assert list(values) == [2**63, 0]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8))
def test_bytes_are_unpacked_as_they_were_joined(elements: list[bytes]) -> None:
    assert from_bytes("t", "BYTES", [len(elements)], memoryview(joined(elements))) == elements


def test_bf16_is_the_upper_half_of_a_float() -> None:
    content = np.array([0x3F80, 0xC000, 0x7F80], "<u2").tobytes()

    assert list(from_bytes("t", "BF16", [3], memoryview(content))) == [1, -2, math.inf]


@pytest.mark.parametrize("datatype", DATATYPES)
@settings(deadline=None)
@given(content=st.binary(max_size=40), shape=SHAPES)
def test_whatever_bytes_come_are_a_tensor_or_refused(
    datatype: str, content: bytes, shape: list[int]
) -> None:
    try:
        values = from_bytes("t", datatype, shape, memoryview(content))
    except InvalidInput:
        return
    assert len(values) == math.prod(shape)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@pytest.mark.parametrize("datatype", DATATYPES)
@settings(deadline=None)
@given(data=JSON, shape=SHAPES)
def test_whatever_json_comes_is_a_tensor_or_refused(
    datatype: str, data: Any, shape: list[int]
) -> None:
    try:
        values = from_json("t", datatype, shape, data)
    except InvalidInput:
        return
    assert len(values) == math.prod(shape)


@settings(deadline=None)
@given(JSON)
def test_a_shape_is_positive_integers_or_refused(shape: Any) -> None:
    try:
        checked = checked_shape("t", shape)
    except InvalidInput:
        return
    assert all(type(n) is int and n >= 1 for n in checked)


@pytest.mark.parametrize("data", [[1e39], [-1e39]])
def test_what_is_too_large_for_a_float_is_infinite(data: list[float]) -> None:
    assert np.isinf(np.asarray(from_json("t", "FP32", [1], data))).all()
