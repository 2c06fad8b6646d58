"""Definitions: shapes are inferred and costs counted before anything is allocated."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.definitions import Limits, NetworkDefinition, build, summarise
from app.domain.errors import InvalidInput
from app.domain.layers import LAYERS
from app.domain.presets import PRESETS
from app.domain.spec import json_schema

NO_LIMITS = Limits(parameters=2**62, activations=2**62, macs=2**62)


def definition(layers: list[dict[str, Any]], shape: list[int] | None = None) -> NetworkDefinition:
    body = {"input_shape": shape or [1, 28, 28], "layers": layers}
    return NetworkDefinition.model_validate(body)


FLATTEN = {"type": "flatten"}
DENSE = {"type": "dense", "output_dim": 10}


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_inferred_of_a_preset_is_what_the_engine_makes(name: str) -> None:
    preset = PRESETS[name].definition  # type: ignore[index]

    summary = summarise(preset, NO_LIMITS)
    network = build(preset, seed=0)

    x = np.zeros((2, *preset.input_shape), np.float32)
    assert network.predict(x).shape == (2, *summary.output_shape)
    counted = sum(p.size for layer in network.layers for p in layer.parameters)
    assert summary.parameters == counted
    arrays = [a for layer in network.layers for a in (*layer.parameters, *layer.buffers)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert network.predict(x).dtype == np.float32


def test_lenet_has_the_counts_of_the_literature() -> None:
    summary = summarise(PRESETS["lenet5"].definition, NO_LIMITS)

    assert summary.parameters == 61_706
    assert summary.macs == 117_600 + 240_000 + 48_000 + 10_080 + 840


CONV = st.fixed_dictionaries(
    {
        "type": st.just("conv2d"),
        "output_channels": st.integers(1, 4),
        "kernel_size": st.integers(1, 5),
        "padding": st.sampled_from(["same", "valid"]),
        "stride": st.integers(1, 3),
        "bias": st.booleans(),
    }
)
TRANSPOSE = st.fixed_dictionaries(
    {
        "type": st.just("conv2d_transpose"),
        "output_channels": st.integers(1, 4),
        "kernel_size": st.integers(1, 4),
        "padding": st.integers(0, 2),
        "stride": st.integers(1, 3),
    }
)
POOL = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["max_pool2d", "avg_pool2d"]),
        "kernel_size": st.integers(1, 3),
        "stride": st.one_of(st.none(), st.integers(1, 3)),
    }
)
WITHOUT_OPTIONS = sorted(
    name
    for name, spec in LAYERS.items()
    if name not in ("flatten", "softmax", "global_avg_pool2d")
    and all(not field.is_required() for key, field in spec.model_fields.items() if key != "type")
)
"""Layers that take an image and give one, whatever their options."""
SIMPLE = st.one_of(
    CONV, TRANSPOSE, POOL, st.builds(lambda name: {"type": name}, st.sampled_from(WITHOUT_OPTIONS))
)
ANY = st.recursive(
    SIMPLE,
    lambda inner: st.fixed_dictionaries(
        {"type": st.just("residual"), "layers": st.lists(inner, min_size=1, max_size=3)}
    ),
    max_leaves=4,
)
LAYER_LISTS = st.lists(ANY, max_size=4)


@given(LAYER_LISTS, st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=300, deadline=None)
def test_whatever_is_accepted_runs_with_the_shapes_and_counts_that_were_inferred(
    layers: list[dict[str, Any]], height: int, width: int
) -> None:
    network = definition([*layers, FLATTEN, DENSE], [2, height, width])
    try:
        summary = summarise(network, NO_LIMITS)
    except InvalidInput:
        return

    built = build(network, seed=1)
    shape: tuple[int, ...] = (2, height, width)
    for layer, expected in zip(built.layers, summary.layers, strict=True):
        assert layer.output_shape(shape) == expected.output_shape
        assert sum(p.size for p in layer.parameters) == expected.cost.parameters
        shape = expected.output_shape
    assert built.predict(np.ones((1, 2, height, width))).shape == (1, 10)


@pytest.mark.parametrize(
    ("layers", "index", "words"),
    [
        ([DENSE], 0, "flatten"),
        ([FLATTEN, {"type": "conv2d", "output_channels": 1, "kernel_size": 3}], 1, "channels"),
        ([{"type": "conv2d", "output_channels": 1, "kernel_size": 29}], 0, "29×29"),
        ([{"type": "max_pool2d"}] * 5, 4, "2×2"),
        (
            [
                {
                    "type": "conv2d_transpose",
                    "output_channels": 1,
                    "kernel_size": 2,
                    "padding": 15,
                }
            ],
            0,
            "trim",
        ),
        ([{"type": "softmax"}], 0, "flatten"),
        ([{"type": "reshape", "shape": [1, 27, 28]}], 0, "756"),
        ([FLATTEN, {"type": "global_avg_pool2d"}], 1, "channels"),
        ([FLATTEN, {"type": "upsample2d"}], 1, "channels"),
        ([{"type": "residual", "layers": [FLATTEN]}], 0, "cannot meet"),
        ([{"type": "residual", "layers": [{"type": "upsample2d"}]}], 0, "cannot meet"),
    ],
)
def test_a_shape_that_does_not_fit_is_reported_at_its_layer(
    layers: list[dict[str, Any]], index: int, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        summarise(definition(layers), NO_LIMITS)

    (error,) = caught.value.errors
    assert error.loc == ("layers", index)
    assert words in error.msg


def test_a_shape_that_does_not_fit_inside_a_residual_is_reported_there() -> None:
    inner = {"type": "residual", "layers": [{"type": "relu"}, {"type": "relu"}, DENSE]}
    outer = {"type": "residual", "layers": [{"type": "tanh"}, inner]}

    with pytest.raises(InvalidInput) as caught:
        summarise(definition([{"type": "relu"}, outer]), NO_LIMITS)

    (error,) = caught.value.errors
    assert error.loc == ("layers", 1, "layers", 1, "layers", 2)
    assert "flatten" in error.msg


def test_a_projection_is_counted_before_it_is_allocated() -> None:
    wide = {"type": "residual", "layers": [{"type": "dense", "output_dim": 1_000_000}]}
    summary = summarise(definition([FLATTEN, wide]), NO_LIMITS)

    assert summary.parameters == 2 * 784 * 1_000_000 + 1_000_000


def test_layers_inside_others_count_towards_the_limit_of_layers() -> None:
    many = {"type": "residual", "layers": [{"type": "relu"}] * 50}

    with pytest.raises(ValidationError, match=r"at most 200 layers.* got 204"):
        definition([many] * 4)


@pytest.mark.parametrize("name", ["he", "lecun", "glorot", "orthogonal"])
def test_weights_begin_as_the_definition_wants_it(name: str) -> None:
    dense = {"type": "dense", "output_dim": 400, "initializer": name}
    weights = build(definition([FLATTEN, dense]), seed=3).layers[1].array("W")

    variance = {"he": 2 / 784, "lecun": 1 / 784, "glorot": 2 / 1184, "orthogonal": 2 / 784}[name]
    assert weights.dtype == np.float32
    assert weights.var() == pytest.approx(variance, rel=0.02)
    if name == "orthogonal":
        np.testing.assert_allclose(weights.T @ weights, 2 * np.eye(400), atol=1e-5)


def test_a_network_over_the_limits_is_refused_without_allocating_it() -> None:
    huge = definition([FLATTEN, {"type": "dense", "output_dim": 1_000_000}, DENSE])
    limits = Limits(parameters=1_000_000, activations=10_000, macs=1_000_000)

    tracemalloc.start()
    with pytest.raises(InvalidInput) as caught:
        summarise(huge, limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert {error.loc for error in caught.value.errors} == {("layers", 1)}
    assert len(caught.value.errors) == 3
    assert peak < 1_000_000


def test_the_same_seed_draws_the_same_weights() -> None:
    preset = PRESETS["lenet5"].definition

    first, again, other = (build(preset, seed) for seed in (1, 1, 2))

    for one, same, different in zip(first.layers, again.layers, other.layers, strict=True):
        for name in one.parameter_names[:1]:
            assert np.array_equal(getattr(one, name), getattr(same, name))
            assert not np.array_equal(getattr(one, name), getattr(different, name))


def test_every_layer_has_a_schema_with_a_description() -> None:
    for spec in LAYERS.values():
        schema = json_schema(spec)

        assert schema["description"]
        assert schema["additionalProperties"] is False
