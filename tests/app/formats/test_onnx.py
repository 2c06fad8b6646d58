"""ONNX against its runtime and its reference: both compute what the engine does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import onnx.checker
import onnx.numpy_helper
import onnxruntime
import pytest

import engine
from app.domain.definitions import NetworkDefinition
from app.domain.layers import LAYERS
from app.domain.presets import PRESETS
from app.formats import onnx as onnx_format
from app.formats.bundle import Bundle
from app.formats.onnx_nodes import TRANSLATIONS
from engine.arrays import Array
from tests.app.formats.conftest import bundle_of
from tests.app.formats.networks import (
    CASES,
    FLAT,
    FLATTEN,
    IMAGE,
    Layer,
    conv,
    definition_of,
    dense,
    pool,
    residual,
    transpose,
    types_in,
)

DROPOUT: Layer = {"type": "dropout"}
RECTANGLE = [3, 5]

CORNERS: dict[str, tuple[list[Layer], list[int]]] = {
    "even kernel, same, stride 2": ([conv(4, padding="same", stride=2)], IMAGE),
    "kernel larger than the image, same": ([conv(8, padding="same", bias=False)], [2, 3, 4]),
    "transposed, trimmed to its size": ([transpose(3, padding=1)], IMAGE),
    "transposed, trimmed beyond its kernel": ([transpose(2, stride=2, padding=3)], IMAGE),
    "max pool of one pixel": ([pool("max", kernel_size=1, stride=2)], IMAGE),
    "avg pool with gaps": ([pool("avg", kernel_size=2, stride=3)], IMAGE),
    "upsample, then convolution": ([{"type": "upsample2d"}, conv(2)], IMAGE),
    "batch norm of lines": ([{"type": "batch_norm"}], RECTANGLE),
    "layer norm of lines": ([{"type": "layer_norm"}], RECTANGLE),
    "layer norm of an image alone": ([{"type": "layer_norm"}], IMAGE),
    "flatten of lines": ([FLATTEN, dense()], RECTANGLE),
    "residual of nothing": ([residual(DROPOUT)], FLAT),
    "residual that ends with dropout": ([residual(dense(7), DROPOUT), DROPOUT], FLAT),
    "projections in each other": (
        [
            conv(1, 3),
            residual(
                residual(conv(3, 5, padding="same", stride=2), {"type": "batch_norm"}),
                residual(conv(2, 4, padding="same", bias=False), {"type": "silu"}),
                {"type": "layer_norm"},
            ),
        ],
        IMAGE,
    ),
}
"""What the shared cases leave open: layers and an input shape."""

RUNTIMES: Mapping[str, Callable[[bytes, Array], Array]] = {
    "onnxruntime": lambda content, x: session(content)(x),
    "reference": onnx_format.predict,
}


def session(content: bytes) -> Callable[[Array], Array]:
    """A model in onnxruntime, from a batch to its output."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    opened = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda x: np.asarray(opened.run(None, {"input": x})[0])


def trained(definition: NetworkDefinition) -> Bundle:
    """A model of which no bias, scale, shift, mean or variance is neutral."""
    bundle = bundle_of(definition)
    rng = np.random.default_rng(2)

    def drawn(name: str, array: Array) -> Array:
        kind = name.rpartition(".")[2]
        if kind in ("W", "kernel"):
            return array
        low, high = (0.5, 1.5) if kind in ("scale", "variance") else (-0.5, 0.5)
        return rng.uniform(low, high, array.shape).astype(np.float32)

    return replace(bundle, arrays={name: drawn(name, a) for name, a in bundle.arrays.items()})


def small(name: str) -> NetworkDefinition:
    """The definition of a case."""
    if name in CASES:
        return definition_of(name)
    layers, shape = CORNERS[name]
    return NetworkDefinition.model_validate({"input_shape": shape, "layers": layers})


def batch(definition: NetworkDefinition, size: int) -> Array:
    shape = (size, *definition.input_shape)
    return np.random.default_rng(size).normal(size=shape).astype(np.float32)


def assert_same(got: Array, expected: Array) -> None:
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=5e-6)


def test_every_layer_of_the_catalog_has_a_translation() -> None:
    assert TRANSLATIONS.keys() == set(LAYERS.values())


def test_every_layer_of_the_catalog_has_a_case() -> None:
    assert {name for layers, _ in CASES.values() for name in types_in(layers)} == set(LAYERS)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", [*CASES, *CORNERS])
def test_every_layer_computes_what_the_engine_does(name: str, runtime: str) -> None:
    bundle = trained(small(name))
    content, network = onnx_format.write(bundle), bundle.network()

    for size in (1, 3):
        x = batch(bundle.definition, size)
        assert_same(RUNTIMES[runtime](content, x), network.predict(x))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_computes_what_the_engine_does(name: Any) -> None:
    bundle = trained(PRESETS[name].definition)
    content, network = onnx_format.write(bundle), bundle.network()
    run, one, three = session(content), *(batch(bundle.definition, size) for size in (1, 3))

    expected = network.predict(three)

    assert expected.std() > 0.01  # else anything would be as good
    assert_same(run(one), network.predict(one))
    assert_same(run(three), expected)
    assert_same(onnx_format.predict(content, three), expected)


@pytest.mark.parametrize(
    ("definition", "name", "shape"),
    [
        (PRESETS["lenet5"].definition, "probabilities", [10]),
        (PRESETS["autoencoder"].definition, "reconstruction", [1, 28, 28]),
        (small("max pool"), "output", [2, 3, 4]),
        (small("dropout alone"), "reconstruction", FLAT),
    ],
)
def test_input_and_output_have_names_and_an_open_batch(
    definition: NetworkDefinition, name: str, shape: list[int]
) -> None:
    graph = onnx.load_from_string(onnx_format.write(trained(definition))).graph

    (given,), (result,) = graph.input, graph.output
    assert (given.name, axes(given)) == ("input", ["batch", *definition.input_shape])
    assert (result.name, axes(result)) == (name, ["batch", *shape])
    assert given.doc_string
    assert result.doc_string


def axes(value: onnx.ValueInfoProto) -> list[str | int]:
    assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    return [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]


def test_a_model_says_what_it_is(preset: Bundle) -> None:
    model = onnx.load_from_string(onnx_format.write(preset))

    onnx.checker.check_model(model, full_check=True)
    assert (model.producer_name, model.producer_version) == ("mnistry", engine.__version__)
    assert [(used.domain, used.version) for used in model.opset_import] == [("", 20)]
    assert {prop.key: prop.value for prop in model.metadata_props} == preset.metadata()
    network = json.loads(preset.metadata()["network"])
    assert NetworkDefinition.model_validate(network) == preset.definition


def test_initializers_are_the_models_arrays_in_onnx_layouts() -> None:
    bundle = trained(small("projections in each other"))

    graph = onnx.load_from_string(onnx_format.write(bundle)).graph

    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    assert "1.0.projection.kernel" in stored
    assert stored.keys() == bundle.arrays.keys()
    for name, array in bundle.arrays.items():
        turned = array.transpose(3, 2, 0, 1) if name.endswith("kernel") else array
        np.testing.assert_array_equal(stored[name], turned, err_msg=name)


def test_equal_models_are_equal_bytes() -> None:
    bundle = trained(PRESETS["resnet"].definition)
    turned = replace(bundle, arrays=dict(reversed(list(bundle.arrays.items()))))

    assert len({onnx_format.write(each) for each in (bundle, bundle, turned)}) == 1


def test_a_name_that_is_not_ascii_is_kept() -> None:
    definition = small("dense").model_copy(update={"name": "Ziffern 手書き"})

    model = onnx.load_from_string(onnx_format.write(trained(definition)))

    assert model.graph.name == "Ziffern 手書き"
    texts = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(texts["network"])["name"] == "Ziffern 手書き"
