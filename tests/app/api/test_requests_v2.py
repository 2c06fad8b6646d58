"""Requests to infer: whatever is sent, it is understood or refused in words."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from app.api.v2.requests import Asked, parse
from app.domain.errors import InvalidInput
from app.domain.presets import PRESETS
from app.services.inference_v2 import rows
from app.services.serving import LoadedModel
from tests.app.records import a_loaded_model


@pytest.fixture(scope="module")
def linear() -> LoadedModel:
    return a_loaded_model(PRESETS["linear"].definition)


NAMES = st.sampled_from(
    ["inputs", "outputs", "parameters", "id", "name", "datatype", "shape", "data", "timeout", "x"]
)
VALUES = st.sampled_from(["input", "probabilities", "FP32", "BYTES", ":", '"', "", "é"])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**64) | st.floats(allow_nan=False) | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)


@settings(deadline=None)
@given(document=JSON, raw=st.binary(max_size=10), length=st.none() | st.integers(-2, 300))
def test_whatever_is_sent_is_understood_or_refused(
    linear: LoadedModel, document: Any, raw: bytes, length: int | None
) -> None:
    headers = {}
    if length is not None:
        headers = {b"inference-header-content-length": str(length).encode()}

    try:
        asked = parse(headers, json.dumps(document).encode() + raw, linear)
        rows(linear, asked.tensor, 10**6)
    except (InvalidInput, HTTPException):
        return
    assert isinstance(asked, Asked)


@settings(deadline=None)
@given(place=st.integers(0, 4), key=st.text(max_size=3))
def test_a_key_that_is_there_twice_is_found_wherever_it_is(
    linear: LoadedModel, place: int, key: str
) -> None:
    twice = f"{json.dumps(key)}: 1, {json.dumps(key)}: 2"
    holes = [twice if i == place else '"a": ":"' for i in range(5)]
    text = (
        '{{{}, "inputs": [{{"name": "input", "datatype": "FP32", "shape": [784], {},'
        ' "parameters": {{"binary_data_size": 3136, {}}}}}], "parameters": {{{}}},'
        ' "outputs": [{{"name": "probabilities", {}}}]}}'
    ).format(*holes)
    content = text.encode()
    headers = {b"inference-header-content-length": str(len(content)).encode()}
    body = content + np.zeros(784, "<f4").tobytes()

    with pytest.raises(HTTPException, match="twice"):
        parse(headers, body, linear)


def test_without_one_it_is_taken(linear: LoadedModel) -> None:
    content = (
        b'{"inputs": [{"name": "input", "datatype": "FP32", "shape": [784],'
        b' "parameters": {"binary_data_size": 3136}}], "a": {"b": ":"}}'
    )
    headers = {b"inference-header-content-length": str(len(content)).encode()}

    asked = parse(headers, content + np.ones(784, "<f4").tobytes(), linear)

    assert rows(linear, asked.tensor, 1)[0].shape == (1, 1, 28, 28)
