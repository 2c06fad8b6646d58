"""Laws that every layer obeys. A new layer is one line in LAYERS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import engine
from engine import (
    ELU,
    GELU,
    AvgPool2D,
    BatchNorm,
    Conv2DLayer,
    Conv2DTrLayer,
    DenseLayer,
    Dropout,
    FlattenLayer,
    GlobalAvgPool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Reshape,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    Upsample2D,
)
from engine.arrays import Array, Pullback, Shape, batch_last
from engine.layers.windows import same_padding
from engine.scratch import ReusedScratch, Scratch
from tests.engine.oracles import central_differences, conv_jacobians, dense_jacobians

BATCH = 3


@dataclass(frozen=True)
class Case:
    """A layer, what it is fed, and the shape that must come out."""

    name: str
    build: Callable[[], Layer]
    input_shape: Shape
    output_shape: Shape

    def layer(self) -> Layer:
        """The layer, with the same weights at every call."""
        np.random.seed(1)  # noqa: NPY002 - what weights follow when nobody gives any
        return self.build()

    def batch(self, seed: int = 0) -> Array:
        """Samples, the batch last, whose numbers are at least 1e-3 apart: no ties, no kinks."""
        size = int(np.prod(self.input_shape)) * BATCH
        numbers = np.linspace(-2, 2, size) + 0.3 * (4 / size)
        x: Array = np.random.default_rng(seed).permutation(numbers)
        return x.reshape(*self.input_shape, BATCH)


def shaken(layer: Layer) -> Layer:
    """With parameters and buffers that are not the neutral ones of the beginning."""
    rng = np.random.default_rng(5)
    for array in (*layer.parameters, *layer.buffers):
        array[...] += rng.uniform(0.1, 0.9, array.shape)
    return layer


def projected(shape: Shape, channels: int, stride: int) -> Residual:
    """Convolution and batch norm, with a 1×1 convolution around them."""
    body: list[Layer] = [
        *(Conv2DLayer(3, shape[0], channels, "same", stride), shaken(BatchNorm(channels))),
        *(ReLU(), Conv2DLayer(3, channels, channels, "same")),
    ]
    around = Conv2DLayer(1, shape[0], channels, "valid", stride, bias=False)
    return Residual(body, around)


LAYERS = [
    Case("dense", lambda: DenseLayer(5, 4), (5,), (4,)),
    Case("leaky relu", lambda: LeakyReLU(0.1), (4, 3), (4, 3)),
    Case("elu", lambda: ELU(1.5), (4, 3), (4, 3)),
    Case("gelu", GELU, (4, 3), (4, 3)),
    Case("silu", SiLU, (4, 3), (4, 3)),
    Case("sigmoid", Sigmoid, (4, 3), (4, 3)),
    Case("tanh", Tanh, (4, 3), (4, 3)),
    Case("dropout", lambda: Dropout(0.4), (4, 3), (4, 3)),
    Case("batch norm flat", lambda: shaken(BatchNorm(5)), (5,), (5,)),
    Case("batch norm image", lambda: shaken(BatchNorm(2)), (2, 3, 4), (2, 3, 4)),
    Case("layer norm flat", lambda: shaken(LayerNorm((6,))), (6,), (6,)),
    Case("layer norm image", lambda: shaken(LayerNorm((2, 3, 2))), (2, 3, 2), (2, 3, 2)),
    Case("global average pool", GlobalAvgPool2D, (2, 3, 4), (2,)),
    Case("reshape", lambda: Reshape((3, 2, 2)), (12,), (3, 2, 2)),
    Case("upsample", Upsample2D, (2, 3, 2), (2, 6, 4)),
    Case("upsample by 3", lambda: Upsample2D(3), (1, 2, 2), (1, 6, 6)),
    Case("residual", lambda: Residual([DenseLayer(5, 5), Tanh()]), (5,), (5,)),
    Case("residual of relu", lambda: Residual([ReLU(), Dropout(0.4)]), (5,), (5,)),
    Case("residual projected", lambda: projected((2, 4, 5), 3, 2), (2, 4, 5), (3, 2, 3)),
    Case("residual nested", lambda: Residual([projected((2, 4, 4), 2, 1)]), (2, 4, 4), (2, 4, 4)),
    Case("dense without bias", lambda: DenseLayer(5, 4, bias=False), (5,), (4,)),
    Case("relu", ReLU, (4, 3), (4, 3)),
    Case("softmax", Softmax, (6,), (6,)),
    Case("flatten", FlattenLayer, (2, 3, 4), (24,)),
    Case("conv valid", lambda: Conv2DLayer(3, 2, 3, "valid"), (2, 5, 6), (3, 3, 4)),
    Case("conv same", lambda: Conv2DLayer(3, 2, 3, "same"), (2, 4, 5), (3, 4, 5)),
    Case("conv even kernel", lambda: Conv2DLayer(2, 2, 3, "same"), (2, 4, 5), (3, 4, 5)),
    Case("conv stride", lambda: Conv2DLayer(3, 2, 3, "same", 2), (2, 5, 6), (3, 3, 3)),
    Case("conv 1×1 stride", lambda: Conv2DLayer(1, 2, 3, "valid", 2), (2, 5, 5), (3, 3, 3)),
    Case("conv no bias", lambda: Conv2DLayer(3, 1, 2, "valid", bias=False), (1, 4, 4), (2, 2, 2)),
    Case("transposed", lambda: Conv2DTrLayer(3, 2, 3), (2, 3, 4), (3, 5, 6)),
    Case("transposed stride", lambda: Conv2DTrLayer(2, 2, 3, 0, 2), (2, 3, 4), (3, 6, 8)),
    Case("transposed trimmed", lambda: Conv2DTrLayer(4, 2, 3, 1, 2), (2, 3, 3), (3, 6, 6)),
    Case("transposed no bias", lambda: Conv2DTrLayer(3, 1, 2, bias=False), (1, 3, 3), (2, 5, 5)),
    Case("max pool", MaxPool2D, (2, 4, 6), (2, 2, 3)),
    Case("max pool ragged", MaxPool2D, (2, 5, 7), (2, 2, 3)),
    Case("max pool overlapping", lambda: MaxPool2D(3, 2), (2, 5, 7), (2, 2, 3)),
    Case("max pool gaps", lambda: MaxPool2D(2, 3), (1, 6, 8), (1, 2, 3)),
    Case("average pool", AvgPool2D, (2, 4, 6), (2, 2, 3)),
    Case("average pool overlapping", lambda: AvgPool2D(3, 2), (2, 5, 6), (2, 2, 2)),
]

every_layer = pytest.mark.parametrize("case", LAYERS, ids=lambda case: case.name)


def relative_error(got: Array, expected: Array) -> float:
    return float(np.abs(got - expected).max() / max(np.abs(expected).max(), 1e-2))


def training_vjp(layer: Layer, x: Array) -> tuple[Array, Pullback]:
    """With draws that are the same at every call."""
    return layer.training_vjp_batch_last(x, Scratch(), np.random.default_rng(7))


def inference_vjp(layer: Layer, x: Array) -> tuple[Array, Pullback]:
    return layer.vjp_batch_last(x, Scratch())


def test_every_layer_of_the_engine_is_in_the_list() -> None:
    listed = {type(case.layer()) for case in LAYERS}
    public = {getattr(engine, name) for name in engine.__all__}
    layers = {c for c in public if isinstance(c, type) and issubclass(c, Layer) and c is not Layer}

    assert listed == layers


@every_layer
def test_the_output_has_the_shape_that_was_promised(case: Case) -> None:
    layer = case.layer()

    assert layer.output_shape(case.input_shape) == case.output_shape
    assert layer.forward_batch_last(case.batch(), Scratch()).shape == (*case.output_shape, BATCH)
    assert layer.forward(np.moveaxis(case.batch(), -1, 0)).shape == (BATCH, *case.output_shape)


@every_layer
@pytest.mark.parametrize("vjp", [inference_vjp, training_vjp])
def test_the_pullback_agrees_with_central_differences(
    case: Case, vjp: Callable[[Layer, Array], tuple[Array, Pullback]]
) -> None:
    layer, x = case.layer(), case.batch()
    y, pullback = vjp(layer, x)
    dy = np.random.default_rng(1).normal(size=y.shape)

    dx, gradients = pullback(dy.copy())

    def loss() -> float:
        return float(np.sum(vjp(layer, x)[0] * dy))

    assert dx is not None
    assert relative_error(dx, central_differences(loss, x)) <= 1e-7
    assert len(gradients) == len(layer.parameters)
    for gradient, parameter in zip(gradients, layer.parameters, strict=True):
        assert relative_error(gradient, central_differences(loss, parameter)) <= 1e-7


@every_layer
def test_the_vjp_gives_the_same_output_as_forward(case: Case) -> None:
    layer, x = case.layer(), case.batch()

    np.testing.assert_array_equal(
        inference_vjp(layer, x)[0], layer.forward_batch_last(x, Scratch())
    )


@every_layer
def test_a_pullback_gives_the_same_parameter_gradients_without_the_input_gradient(
    case: Case,
) -> None:
    layer, x = case.layer(), case.batch()
    y, pullback = inference_vjp(layer, x)
    both = pullback(y.copy())[1]

    dx, alone = inference_vjp(layer, x)[1](y.copy(), input_too=False)

    assert dx is None
    for a, b in zip(alone, both, strict=True):
        np.testing.assert_array_equal(a, b)


@every_layer
def test_a_batch_gives_what_its_samples_give_alone(case: Case) -> None:
    layer, x = case.layer(), case.batch()
    alone = [layer.forward_batch_last(x[..., i : i + 1], Scratch()) for i in range(BATCH)]

    together = layer.forward_batch_last(x, Scratch())

    np.testing.assert_allclose(together, np.concatenate(alone, axis=-1), rtol=1e-13, atol=1e-15)


@every_layer
@pytest.mark.parametrize("vjp", ["inference", "training"])
def test_reused_memory_gives_the_same_bits_as_new_memory(case: Case, vjp: str) -> None:
    layer = case.layer()
    out = {name: np.zeros_like(layer.array(name)) for name in layer.parameter_names}
    statistics = {name: np.zeros_like(layer.array(name)) for name in layer.buffer_names}
    reused = ReusedScratch(out, statistics, overwrite_input=True)
    for seed, batch in [(0, BATCH), (1, BATCH), (2, BATCH - 1), (3, BATCH)]:
        x = np.ascontiguousarray(case.batch(seed)[..., :batch])
        results = []
        for scratch in (Scratch(), reused):
            rng = np.random.default_rng(seed)
            if vjp == "training":
                y, pullback = layer.training_vjp_batch_last(x.copy(), scratch, rng)
            else:
                y, pullback = layer.vjp_batch_last(x.copy(), scratch)
            dy = np.random.default_rng(4).normal(size=y.shape)
            y = y.copy()
            results.append((y, *pullback(dy)))
        (y1, dx1, gradients1), (y2, dx2, gradients2) = results

        np.testing.assert_array_equal(y1, y2)
        np.testing.assert_array_equal(dx1, dx2)
        for name, g1, g2 in zip(layer.parameter_names, gradients1, gradients2, strict=True):
            np.testing.assert_array_equal(g1, g2)
            assert np.shares_memory(g2, out[name])


@every_layer
def test_the_callers_arrays_are_never_written_to(case: Case) -> None:
    layer, x = case.layer(), np.moveaxis(case.batch(), -1, 0).copy()
    kept = x.copy()
    parameters = [p.copy() for p in layer.parameters]
    y, pullback = layer.vjp(x)
    dy = np.ones_like(y)

    layer.forward(x)
    pullback(dy)
    layer.grad_x(x)
    layer.grad_param(x)

    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(dy, np.ones_like(y))
    for now, before in zip(layer.parameters, parameters, strict=True):
        np.testing.assert_array_equal(now, before)


@every_layer
def test_a_result_belongs_to_the_caller(case: Case) -> None:
    layer, x = case.layer(), np.moveaxis(case.batch(), -1, 0).copy()
    kept = x.copy()

    y = layer.forward(x)
    y[...] = 77

    np.testing.assert_array_equal(x, kept)


@every_layer
def test_the_jacobian_times_a_vector_is_the_change_of_the_output(case: Case) -> None:
    layer, x = case.layer(), np.moveaxis(case.batch(), -1, 0).copy()
    direction = np.random.default_rng(2).normal(size=x.shape)
    jacobian = layer.grad_x(x)

    along = np.einsum("bij,bj->bi", jacobian, direction.reshape(BATCH, -1))

    step = 1e-6
    change = (layer.forward(x + step * direction) - layer.forward(x - step * direction)) / (
        2 * step
    )
    assert relative_error(along, change.reshape(BATCH, -1)) <= 1e-7


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_of_the_parameters_is_kept(case: Case, dtype: type[np.floating]) -> None:
    layer = case.layer()
    for name in (*layer.parameter_names, *layer.buffer_names):
        layer.bind(name, layer.array(name).astype(dtype))

    y, pullback = layer.vjp_batch_last(case.batch().astype(dtype), Scratch())
    y_training, _ = training_vjp(layer, case.batch().astype(dtype))
    dx, gradients = pullback(np.ones_like(y))

    assert dx is not None
    assert {a.dtype for a in (y, y_training, dx, *gradients)} == {np.dtype(dtype)}


@pytest.mark.parametrize(
    ("kernel_size", "stride", "padding"), [(3, 1, 0), (3, 2, 0), (2, 2, 0), (4, 2, 1), (3, 1, 1)]
)
def test_transposed_convolution_is_the_adjoint_of_convolution(
    kernel_size: int, stride: int, padding: int
) -> None:
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(kernel_size, kernel_size, 2, 3))
    x = rng.normal(size=(BATCH, 2, 8, 8))
    conv = Conv2DLayer(kernel_size, 2, 3, "valid", stride, kernel)
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = rng.normal(size=conv.forward(padded).shape)
    back = Conv2DTrLayer(kernel_size, 3, 2, padding, stride, kernel.swapaxes(2, 3))

    painted = back.forward(y)

    reached = x[..., : painted.shape[2], : painted.shape[3]]
    full = np.zeros_like(x)
    full[..., : painted.shape[2], : painted.shape[3]] = painted
    assert reached.shape == painted.shape
    np.testing.assert_allclose(np.sum(conv.forward(padded) * y), np.sum(x * full), rtol=1e-12)


def test_the_jacobians_of_dense_are_the_notebooks_formulas() -> None:
    layer = DenseLayer(4, 3)
    x = np.random.default_rng(0).normal(size=(BATCH, 4))
    of_x, of_weights, of_b = dense_jacobians(x, layer.W)

    np.testing.assert_allclose(layer.grad_x(x), of_x, atol=1e-14)
    np.testing.assert_allclose(layer.grad_W(x), of_weights, atol=1e-14)
    np.testing.assert_allclose(layer.grad_b(x), of_b, atol=1e-14)
    for got, expected in zip(layer.grad_param(x), [of_weights, of_b], strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel_size", "stride"), [(3, 1), (3, 2), (2, 1), (2, 2), (1, 1)])
def test_the_jacobians_of_convolution_are_the_notebooks_formulas(
    padding: str, kernel_size: int, stride: int
) -> None:
    layer = Conv2DLayer(kernel_size, 2, 3, padding, stride)
    x = np.random.default_rng(0).normal(size=(BATCH, 2, 5, 6))
    pads = same_padding(kernel_size) if padding == "same" else (0, 0)
    of_x, of_kernel, of_bias = conv_jacobians(x, layer.kernel, stride, pads)

    np.testing.assert_allclose(layer.grad_x(x), of_x, atol=1e-14)
    np.testing.assert_allclose(layer.grad_kernel(x), of_kernel, atol=1e-14)
    np.testing.assert_allclose(layer.grad_bias(x), of_bias, atol=1e-14)


def test_a_large_convolution_made_in_blocks_is_the_same_as_its_small_parts() -> None:
    layer = Conv2DLayer(3, 8, 4, "same")
    x = batch_last(np.random.default_rng(0).normal(size=(32, 8, 20, 20)))
    alone = [layer.forward_batch_last(x[..., i : i + 1], Scratch()) for i in range(32)]

    together = layer.forward_batch_last(x, Scratch())

    np.testing.assert_allclose(together, np.concatenate(alone, axis=-1), rtol=1e-12, atol=1e-13)


def test_initial_weights_that_the_caller_gave_are_copied() -> None:
    weights, b = np.ones((2, 3)), np.zeros(3)
    layer = DenseLayer(2, 3, weights, b)

    layer.update_param([np.ones((1, 6)), np.ones((1, 3))], 0.1)

    np.testing.assert_array_equal(weights, np.ones((2, 3)))
    np.testing.assert_array_equal(b, np.zeros(3))
