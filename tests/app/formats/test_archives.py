"""safetensors and npz: what is written is read back, and whatever else is sent is refused."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy
from safetensors import numpy as safetensors_file

from app.domain.definitions import Limits, NetworkDefinition
from app.domain.errors import InvalidInput, UnusableFile
from app.domain.presets import PRESETS
from app.formats import npz, safetensors
from app.formats.bundle import Bundle
from tests.app.formats.conftest import LIMITS, bundle_of

Write = Callable[[Bundle], bytes]
Read = Callable[[bytes, NetworkDefinition | None, Limits], Bundle]

FORMATS = [
    pytest.param(npz.write, npz.read, id="npz"),
    pytest.param(safetensors.write, safetensors.read, id="safetensors"),
]
LINEAR = bundle_of(PRESETS["linear"].definition)
NAMES = ("1.W", "1.b")


@pytest.mark.parametrize(("write", "read"), FORMATS)
def test_a_model_is_read_back_to_the_bit(preset: Bundle, write: Write, read: Read) -> None:
    again = read(write(preset), None, LIMITS)

    assert again.definition == preset.definition
    assert (again.classes, again.dataset) == (preset.classes, "mnist")
    assert again.preprocessing == preset.preprocessing
    assert again.arrays.keys() == preset.arrays.keys()
    for name, array in preset.arrays.items():
        assert np.array_equal(again.arrays[name], array), name
    x = np.random.default_rng(0).random((2, *preset.definition.input_shape), np.float32)
    assert np.array_equal(again.network().predict(x), preset.network().predict(x))


@pytest.mark.parametrize(("write", "read"), FORMATS)
def test_equal_models_are_equal_bytes(write: Write, read: Read) -> None:
    assert len({write(LINEAR) for _ in range(8)}) == 1


def test_numpy_itself_reads_an_npz_without_pickle() -> None:
    with np.load(io.BytesIO(npz.write(LINEAR)), allow_pickle=False) as archive:
        assert np.array_equal(archive["1.W"], LINEAR.arrays["1.W"])
        texts = json.loads(archive["metadata"].item())

    assert json.loads(texts["classes"]) == LINEAR.classes


def as_npz(arrays: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def as_safetensors(arrays: dict[str, Any]) -> bytes:
    return safetensors_file.save({k: np.ascontiguousarray(v) for k, v in arrays.items()})


PLAIN = [
    pytest.param(as_npz, npz.read, id="npz"),
    pytest.param(as_safetensors, safetensors.read, id="safetensors"),
]


@pytest.mark.parametrize(("write", "read"), PLAIN)
def test_plain_arrays_need_the_network_beside_them(
    write: Callable[[dict[str, Any]], bytes], read: Read
) -> None:
    content = write(dict(LINEAR.arrays))

    with pytest.raises(UnusableFile, match="send `network`"):
        read(content, None, LIMITS)
    bundle = read(content, LINEAR.definition, LIMITS)
    assert np.array_equal(bundle.arrays["1.W"], LINEAR.arrays["1.W"])


@pytest.mark.parametrize(("write", "read"), PLAIN)
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"1.W": np.zeros((784, 9), np.float32)}, r"'1.W' has shape \[784, 9\].*\[784, 10\]"),
        ({"1.W": np.zeros((784, 10), np.int32)}, "'1.W' holds 'I32'|entry '1.W.npy' holds int32"),
        ({"1.b": np.full(10, np.nan, np.float32)}, "'1.b'.*not finite"),
        ({"1.b": np.full(10, 1e300)}, "'1.b'.*not finite in float32"),
        ({"1.c": np.zeros(3, np.float32)}, "'1.c'"),
        ({"1.b": None}, "lacks the array '1.b'"),
    ],
)
def test_an_array_that_does_not_fit_is_named(
    write: Callable[[dict[str, Any]], bytes], read: Read, changes: dict[str, Any], words: str
) -> None:
    arrays = {**LINEAR.arrays, **changes}

    with pytest.raises(UnusableFile, match=words):
        read(write({k: v for k, v in arrays.items() if v is not None}), LINEAR.definition, LIMITS)


def test_a_variance_below_zero_is_refused() -> None:
    resnet = bundle_of(PRESETS["resnet"].definition)
    name = next(name for name in resnet.arrays if name.endswith(".variance"))
    arrays = {**resnet.arrays, name: -np.ones_like(resnet.arrays[name])}

    with pytest.raises(UnusableFile, match=f"{name}.*below 0"):
        safetensors.read(as_safetensors(arrays), resnet.definition, LIMITS)


@pytest.mark.parametrize(("write", "read"), PLAIN)
def test_float64_and_float16_become_float32(
    write: Callable[[dict[str, Any]], bytes], read: Read
) -> None:
    arrays = {"1.W": LINEAR.arrays["1.W"].astype(np.float64), "1.b": np.ones(10, np.float16)}

    bundle = read(write(arrays), LINEAR.definition, LIMITS)

    assert {array.dtype for array in bundle.arrays.values()} == {np.dtype(np.float32)}
    assert np.array_equal(bundle.arrays["1.W"], LINEAR.arrays["1.W"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ({"network": "{"}, "not JSON"),
        ({"network": '{"input_shape": [1]}'}, "network.layers"),
        ({"network": '{"input_shape": [1], "layers": [{"type": "lambda"}]}'}, "network.layers"),
        ({"classes": '["0", 1]'}, "classes"),
        ({"classes": "[" * 100_000}, "not JSON"),
        ({"preprocessing": "[]"}, "preprocessing"),
        ({"dataset": '"../../etc/passwd"'}, "dataset"),
    ],
)
def test_what_a_file_says_of_itself_is_checked(text: dict[str, str], words: str) -> None:
    arrays = {**LINEAR.arrays, "metadata": np.array(json.dumps(text))}

    with pytest.raises(UnusableFile, match=words):
        npz.read(as_npz(arrays), LINEAR.definition, LIMITS)


def test_a_definition_over_the_limits_is_refused() -> None:
    with pytest.raises(InvalidInput, match="too large"):
        npz.read(npz.write(LINEAR), None, Limits(parameters=100, activations=10**6, macs=10**9))


def zipped(entries: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, entry in entries.items():
            archive.writestr(name, entry)
    return out.getvalue()


def claiming(descr: str, shape: str, body: bytes = b"") -> bytes:
    """An .npy entry with a header of one's own."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


def pickled() -> bytes:
    entry = io.BytesIO()
    npy.write_array(entry, np.array([{"a": 1}], object), allow_pickle=True)
    return entry.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "zip"),
        (b"PK\x03\x04" + bytes(100), "zip"),
        (zipped({"1.W.npy": b"not an array"}), "not an array"),
        (zipped({"1.W.npy": pickled()}), "object"),
        (zipped({"1.W.npy": pickle.dumps(print)}), "not an array"),
        (zipped({"1.W.npy": claiming("'<f4'", "(1000000000000,)")}), "claims shape"),
        (zipped({"1.W.npy": claiming("'<f4'", "(-1, 4)", bytes(16))}), "a shape below 0"),
        (zipped({"1.W.npy": claiming("'|V0'", "(1000000000000,)")}), "holds"),
        (zipped({"1.W.npy": claiming("'|U0'", "(1000000000000,)")}), "."),
        (zipped({"1.W.npy": claiming("'<f4'", "(" * 4000 + ")" * 4000)}), "."),
        (zipped({"1.W.npy": claiming("[('a', '<f4')]", "(1,)", bytes(4))}), "holds"),
        (zipped({"../../x.npy": claiming("'<f4'", "(1,)", bytes(4))}), "leads out"),
        (zipped({"1.W.npy": bytes(50_000_000)}, zipfile.ZIP_DEFLATED), "unpacks to more"),
        (zipped({f"{i}.npy": b"" for i in range(2001)}), "2001 entries"),
        (zipped({f"{i:05}.npy": b"" for i in range(30_000)}), "list of entries"),
        (zipped({"1.W.npy": b""})[:-22], "not a zip"),
    ],
)
def test_a_hostile_npz_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(UnusableFile, match=words):
        npz.read(content, LINEAR.definition, LIMITS)


def with_header(header: bytes, body: bytes = b"") -> bytes:
    return len(header).to_bytes(8, "little") + header + body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        (2**63).to_bytes(8, "little") + b"{}",
        with_header(b"{"),
        with_header(b"[]"),
        with_header(b'{"1.W": {"dtype": "F32", "shape": [10], "data_offsets": [0, 99]}}'),
        with_header(b'{"1.W": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 0]}}'),
        with_header(b'{"1.W": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}', bytes(4)),
        with_header(b'{"1.W": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}', bytes(4)),
        with_header(b'{"__metadata__": {"mnistry": "["}}'),
        with_header(b'{"__metadata__": {"mnistry": "[1]"}}'),
        with_header(b'{"__metadata__": {"mnistry": "{\\"network\\": 3}"}}'),
    ],
)
def test_a_hostile_safetensors_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableFile):
        safetensors.read(content, LINEAR.definition, LIMITS)


SMALL = bundle_of(
    NetworkDefinition.model_validate(
        {"input_shape": [3], "layers": [{"type": "dense", "output_dim": 2}]}
    )
)


@pytest.mark.parametrize(("write", "read"), FORMATS)
@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    write: Write, read: Read, position: float, value: int, cut: bool
) -> None:
    damaged = bytearray(write(SMALL))
    at = int(position * len(damaged))
    damaged[at] = value
    try:
        bundle = read(bytes(damaged[:at] if cut else damaged), None, LIMITS)
    except (UnusableFile, InvalidInput):
        return
    assert all(np.isfinite(array).all() for array in bundle.arrays.values())
