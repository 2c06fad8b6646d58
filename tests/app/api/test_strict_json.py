"""The JSON parser: what is refused, and in which words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.strict_json import MalformedJson, loads

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_whatever_is_json_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_malformed(content: bytes) -> None:
    try:
        value = loads(content)
    except MalformedJson:
        return

    assert json.loads(content) == value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b"1e999", "too large"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'"\xff"', "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b"1" * 5000, "not JSON"),
    ],
)
def test_what_is_more_or_less_than_json_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(MalformedJson, match=words):
        loads(content)


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
