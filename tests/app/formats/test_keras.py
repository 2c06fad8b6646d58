"""The .keras format without Keras: what is written is read back, and what else is sent is refused.

parity/test_keras.py has the other half: that Keras itself reads and writes the same.
"""

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.definitions import NetworkDefinition
from app.domain.errors import InvalidInput, UnusableFile
from app.domain.layers import LAYERS
from app.domain.presets import PRESETS
from app.formats import keras
from app.formats.bundle import Bundle
from tests.app.formats.conftest import LIMITS, bundle_of
from tests.app.formats.networks import CASES, definition_of, types_in

Members = dict[str, bytes]


def unzipped(content: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Members, how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def foreign(content: bytes) -> bytes:
    """The same archive without what it says of itself, as Keras would save it again."""
    members = unzipped(content)
    del members["mnistry.json"]
    return zipped(members)


def assert_predict_alike(one: Bundle, other: Bundle) -> None:
    x = np.random.default_rng(0).normal(size=(2, *one.definition.input_shape)).astype(np.float32)
    expected, got = one.network().predict(x), other.network().predict(x)
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7)


def test_every_layer_of_the_catalog_has_a_case() -> None:
    assert {name for layers, _ in CASES.values() for name in types_in(layers)} == set(LAYERS)


@pytest.mark.parametrize("name", CASES)
def test_a_layer_is_read_back_to_the_bit(name: str) -> None:
    bundle = bundle_of(definition_of(name))

    again = keras.read(keras.write(bundle), None, LIMITS)

    assert again.definition == bundle.definition
    assert again.arrays.keys() == bundle.arrays.keys()
    for key, array in bundle.arrays.items():
        assert np.array_equal(again.arrays[key], array), key


@pytest.mark.parametrize("name", CASES)
def test_the_configuration_alone_says_what_the_network_is(name: str) -> None:
    bundle = bundle_of(definition_of(name))

    again = keras.read(foreign(keras.write(bundle)), None, LIMITS)

    assert_predict_alike(bundle, again)


def test_every_preset_is_read_back(preset: Bundle) -> None:
    content = keras.write(preset)

    again = keras.read(content, None, LIMITS)

    assert again.definition == preset.definition
    assert list(again.classes) == list(preset.classes)
    assert_predict_alike(preset, again)
    assert_predict_alike(preset, keras.read(foreign(content), None, LIMITS))


def test_equal_models_are_equal_bytes() -> None:
    bundle = bundle_of(PRESETS["resnet"].definition)

    assert len({keras.write(bundle) for _ in range(3)}) == 1


def test_another_network_beside_the_file_is_refused() -> None:
    content = keras.write(bundle_of(PRESETS["linear"].definition))

    with pytest.raises(InvalidInput, match="another network"):
        keras.read(content, PRESETS["mlp"].definition, LIMITS)
    same = keras.read(content, PRESETS["linear"].definition, LIMITS)
    assert same.definition == PRESETS["linear"].definition


SMALL = bundle_of(
    NetworkDefinition.model_validate(
        {
            "input_shape": [2, 4, 4],
            "layers": [
                {"type": "conv2d", "output_channels": 2, "kernel_size": 2},
                {"type": "batch_norm"},
                {"type": "flatten"},
                {"type": "dense", "output_dim": 3},
                {"type": "softmax"},
            ],
        }
    )
)


def changed(change: Callable[[Any], None]) -> bytes:
    """The small model with another configuration."""
    members = unzipped(foreign(keras.write(SMALL)))
    config = json.loads(members["config.json"])
    change(config)
    return zipped({**members, "config.json": json.dumps(config).encode()})


def layer_option(index: int, **options: Any) -> bytes:
    return changed(lambda c: c["config"]["layers"][index]["config"].update(options))


def layer_class(index: int, **fields: Any) -> bytes:
    return changed(lambda c: c["config"]["layers"][index].update(fields))


def called(**kwargs: Any) -> bytes:
    """The small model, which calls its batch norm with more than an input."""
    return changed(lambda c: c["config"]["layers"][2]["inbound_nodes"][0].update(kwargs=kwargs))


def huge(scale: bool) -> bytes:
    """A few arrays, said to be for an image of 33 million numbers that is flattened."""
    own = keras.write(SMALL)
    inner = json.loads(unzipped(own)["config.json"])["config"]["layers"]
    image, norm, dense = inner[0], inner[2], inner[5]
    image["config"]["batch_shape"] = [None, 4096, 4096, 2]
    norm["config"].update(scale=scale, center=scale)
    flatten = {**inner[4], "name": "flat"}
    layers = [image, flatten, *([norm] if scale else []), dense]
    if not scale:
        layers.insert(2, {**norm, "class_name": "Dropout", "config": {"rate": 0.5}})
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    return zipped({**unzipped(foreign(own)), "config.json": json.dumps(config).encode()})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (layer_class(1, class_name="Lambda"), "'Lambda' of .* is not known"),
        (layer_class(1, class_name="TFSMLayer"), "not known"),
        (layer_class(1, registered_name="evil>Layer"), "not known"),
        (layer_class(1, class_name=["Conv2D"]), "form"),
        (layer_class(5, module="__main__"), "'Dense' of '__main__' is not known"),
        (layer_class(6, module="keras.src.ops.nn"), "'keras.src.ops.nn' is not known"),
        (called(training=True), "'training': True"),
        (layer_option(1, activation={"class_name": "function", "config": "os.system"}), "activat"),
        (layer_option(1, activation="exec"), "'exec' is not known, only"),
        (layer_option(1, dilation_rate=[2, 2]), r"conv2d.*dilation_rate is \[2, 2\]"),
        (layer_option(1, groups=2), "groups is 2"),
        (layer_option(1, kernel_size=[2, 3]), "kernel_size"),
        (layer_option(1, kernel_size=[-1, -1]), "."),
        (layer_option(1, filters=10**12), "."),
        (layer_option(1, filters=True), "filters is True"),
        (layer_option(1, data_format="channels_first"), "channels_last"),
        (layer_option(1, strides=[0, 0]), "."),
        (layer_option(1, padding="same"), "."),
        (layer_option(2, epsilon=-1.0), "epsilon"),
        (layer_option(2, epsilon="1"), "epsilon"),
        (layer_option(2, axis=1), "axis"),
        (layer_option(3, dims=[1, 2, 3]), "Permute"),
        (layer_option(5, units=4), "shape"),
        (layer_option(5, use_bias=False), "2 variables"),
        (changed(lambda c: c.update(class_name="Model")), "Sequential or Functional"),
        (changed(lambda c: c["config"].update(layers=[])), "layers"),
        (changed(lambda c: c["config"].update(layers=c["config"]["layers"] * 200)), "."),
        (changed(lambda c: c["config"]["layers"].pop(0)), "InputLayer|form"),
        (changed(lambda c: c["config"]["layers"].pop(3)), "."),
        (layer_class(1, inbound_nodes=[]), "chain|gives"),
        (changed(lambda c: c["config"].update(output_layers=["conv2d", 0, 0])), "model gives"),
        (changed(lambda c: c["config"].update(output_layers={"a": ["conv2d", 0, 0]})), "gives"),
        (layer_option(0, batch_shape=[None, "a"]), "sizes of a sample"),
        (layer_option(0, batch_shape=[None, 4.0, 4.0, 2.0]), "sizes of a sample"),
        (layer_option(0, batch_shape=[None, None, None, 2]), "sizes of a sample"),
        (huge(scale=True), r"Norm.* has shape \[2\], for 33554432 inputs"),
        (huge(scale=False), r"Dense.* has shape \[18, 3\], for 33554432 inputs"),
        (layer_option(0, batch_shape=[None, 10**9, 10**9, 10**9]), "."),
        (layer_option(0, batch_shape=[None]), "."),
    ],
)
def test_a_configuration_that_the_engine_has_not_is_refused(content: bytes, words: str) -> None:
    with pytest.raises((UnusableFile, InvalidInput), match=words):
        keras.read(content, None, LIMITS)


def with_weights(change: Callable[[h5py.File], None]) -> bytes:
    """The small model with another HDF5 file."""
    members = unzipped(keras.write(SMALL))
    stream = io.BytesIO(members["model.weights.h5"])
    with h5py.File(stream, "a") as file:
        change(file)
    return zipped({**members, "model.weights.h5": stream.getvalue()})


PATH = "layers/dense/vars/0"


def replaced(**options: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[PATH]
        file.create_dataset(PATH, **options)

    return change


def linked(link: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[PATH]
        file[PATH] = link

    return change


def nan(file: h5py.File) -> None:
    file[PATH][0, 0] = np.nan


def gone(file: h5py.File) -> None:
    del file[PATH]


@pytest.mark.parametrize(
    "content",
    [
        with_weights(linked(h5py.ExternalLink("/etc/passwd", "/x"))),
        with_weights(linked(h5py.SoftLink("/layers/conv2d/vars/0"))),
        with_weights(replaced(shape=(10**9, 1000), dtype="f4", chunks=(1000, 1000))),
        with_weights(
            replaced(data=np.zeros((3000, 3000), np.float32), compression="gzip", chunks=True)
        ),
        with_weights(replaced(data=np.array(["a", "b"], "S1"))),
        with_weights(replaced(data=np.zeros((18, 3), np.int32))),
        with_weights(replaced(shape=(18, 3), dtype="f4", external=[("/etc/passwd", 0, 216)])),
        with_weights(replaced(shape=(18, 3), dtype="f4", chunks=(18, 3))),
        with_weights(replaced(shape=(18, 3), dtype="f4")),
        with_weights(replaced(data=np.zeros(54, np.float32))),
        with_weights(replaced(data=np.zeros((18, 3, 1), np.float32))),
        with_weights(nan),
        with_weights(gone),
        zipped({"config.json": b"{}"}),
        zipped({**unzipped(keras.write(SMALL)), "config.json": b" " * 2**22 + b"{}"}),
        zipped({"config.json": b"[" * 100_000, "model.weights.h5": b""}),
        zipped({**unzipped(keras.write(SMALL)), "model.weights.h5": b"\x89HDF\r\n\x1a\n" * 9}),
        zipped({**unzipped(keras.write(SMALL)), "mnistry.json": b"[]"}),
        zipped({**unzipped(keras.write(SMALL)), "mnistry.json": b'{"classes": 1}'}),
        zipped({"config.json": bytes(50_000_000)}, zipfile.ZIP_DEFLATED),
    ],
)
def test_a_hostile_archive_is_refused(content: bytes) -> None:
    with pytest.raises(UnusableFile):
        keras.read(content, None, LIMITS)


def test_arrays_with_other_axes_are_refused_in_a_file_of_our_own() -> None:
    bundle = bundle_of(definition_of("transposed"))
    members = unzipped(keras.write(bundle))
    stream = io.BytesIO(members["model.weights.h5"])
    with h5py.File(stream, "a") as file:
        del file["layers/conv2d_transpose/vars/0"]
        file["layers/conv2d_transpose/vars/0"] = np.zeros(3, np.float32)

    with pytest.raises(UnusableFile, match="1 axes, expected 4"):
        keras.read(zipped({**members, "model.weights.h5": stream.getvalue()}), None, LIMITS)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"epsilon": 1e-05', b'"epsilon": NaN', "NaN is no JSON"),
        (b'"epsilon": 1e-05', b'"epsilon": 1e-05, "epsilon": 1.0', "a name twice"),
    ],
)
def test_what_json_leaves_open_is_refused(old: bytes, new: bytes, words: str) -> None:
    members = unzipped(foreign(keras.write(SMALL)))
    config = members["config.json"].replace(old, new)
    assert new in config

    with pytest.raises(UnusableFile, match=words):
        keras.read(zipped({**members, "config.json": config}), None, LIMITS)


def test_links_to_many_variables_take_no_time() -> None:
    """Each layer is asked how many variables it has, and all may have the same ten thousand."""

    def change(file: h5py.File) -> None:
        kernel = file[PATH]
        for number in range(2, 10_000):
            file[f"layers/dense/vars/{number}"] = kernel

    members = unzipped(with_weights(change))
    started = time.monotonic()
    with pytest.raises(UnusableFile, match="10000 variables, expected 2"):
        keras.read(foreign(zipped(members)), None, LIMITS)
    assert time.monotonic() - started < 0.5


def test_addresses_beyond_every_file_are_refused() -> None:
    """HDF5 has the address of the first group in its first hundred bytes."""
    members = unzipped(keras.write(SMALL))
    for position in range(8, 96):
        content = bytearray(members["model.weights.h5"])
        content[position : position + 8] = (2**63 + position).to_bytes(8, "little")
        try:
            keras.read(zipped({**members, "model.weights.h5": bytes(content)}), None, LIMITS)
        except (UnusableFile, InvalidInput):
            continue


def test_a_negative_variance_is_refused() -> None:
    def change(file: h5py.File) -> None:
        file["layers/batch_normalization/vars/3"][...] = -1

    with pytest.raises(UnusableFile, match="variance"):
        keras.read(with_weights(change), None, LIMITS)


@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(position: float, value: int) -> None:
    damaged = bytearray(keras.write(SMALL))
    damaged[int(position * len(damaged))] = value
    try:
        bundle = keras.read(bytes(damaged), None, LIMITS)
    except (UnusableFile, InvalidInput):
        return
    assert all(np.isfinite(array).all() for array in bundle.arrays.values())


@given(position=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_damaged_weights_are_read_or_refused_and_nothing_else(position: float, value: int) -> None:
    members = unzipped(keras.write(SMALL))
    damaged = bytearray(members["model.weights.h5"])
    damaged[int(position * len(damaged))] = value
    try:
        keras.read(zipped({**members, "model.weights.h5": bytes(damaged)}), None, LIMITS)
    except (UnusableFile, InvalidInput):
        return
