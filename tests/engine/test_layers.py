"""What single layers promise beyond the laws, and what their constructors refuse."""

import math
from collections.abc import Callable

import numpy as np
import pytest

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
from engine.arrays import Shape
from engine.errors import ShapeError
from engine.layers.gates import normal_distribution
from engine.layers.residual import projection_for
from engine.scratch import ReusedScratch, Scratch

ACTIVATIONS = [ReLU, LeakyReLU, ELU, GELU, SiLU, Sigmoid, Tanh, Softmax]


@pytest.mark.parametrize("batch", [1, 3, 4, 5, 7, 8, 31, 32, 33])
def test_a_dense_layer_computes_each_of_a_few_columns_and_of_many(batch: int) -> None:
    rng = np.random.default_rng(batch)
    weights, biases = rng.standard_normal((784, 256)), rng.standard_normal(256)
    x = rng.random((batch, 784))

    layer = DenseLayer(784, 256, weights.astype(np.float32), biases.astype(np.float32))
    y = layer.forward(x.astype(np.float32))

    assert y.shape == (batch, 256)
    np.testing.assert_allclose(y, x @ weights + biases, atol=1e-3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_activation_is_finite_for_every_finite_input(
    activation: type[Layer], dtype: type[np.floating]
) -> None:
    x = np.array([[-1e30, -1e4, -90, -1e-30, 0, 1e-30, 90, 1e4, 1e30]], dtype).repeat(2, axis=0)

    y, pullback = activation().vjp_batch_last(x, Scratch())
    dx, _ = pullback(np.ones_like(y))

    assert dx is not None
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 2e-7), (np.float64, 1e-14)])
def test_the_normal_distribution_is_as_exact_as_its_numbers(
    dtype: type[np.floating], limit: float
) -> None:
    x = np.linspace(-15, 15, 4001).astype(dtype)

    got = normal_distribution(x, np.empty_like(x))

    exact = [math.erfc(-v / math.sqrt(2)) / 2 for v in x.astype(float)]
    assert got.dtype == dtype
    assert np.abs(got - np.array(exact)).max() <= limit


def test_activations_have_their_formulas() -> None:
    x = np.array([[-2.0, -0.5, 0.0, 0.5, 2.0]])
    logistic = 1 / (1 + np.exp(-x))
    normal = np.array([[0.5 * math.erfc(-v / math.sqrt(2)) for v in x[0]]])

    np.testing.assert_allclose(LeakyReLU(0.1).forward(x), np.where(x > 0, x, 0.1 * x))
    np.testing.assert_allclose(ELU(1.5).forward(x), np.where(x > 0, x, 1.5 * (np.exp(x) - 1)))
    np.testing.assert_allclose(Sigmoid().forward(x), logistic)
    np.testing.assert_allclose(Tanh().forward(x), np.tanh(x))
    np.testing.assert_allclose(SiLU().forward(x), x * logistic)
    np.testing.assert_allclose(GELU().forward(x), x * normal, rtol=1e-13)


def test_dropout_keeps_the_mean_and_drops_the_same_numbers_from_the_gradient() -> None:
    x = np.ones((100, 200))

    y, pullback = Dropout(0.25).training_vjp_batch_last(x, Scratch(), np.random.default_rng(0))
    dx, _ = pullback(np.ones_like(y))

    assert dx is not None
    assert np.mean(y == 0) == pytest.approx(0.25, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(dx, y)


def test_dropout_is_absent_in_inference() -> None:
    x = np.random.default_rng(0).normal(size=(5, 4))

    np.testing.assert_array_equal(Dropout(0.9).forward(x), x)


@pytest.mark.parametrize("shape", [(3, 64), (3, 4, 5, 8)])
def test_batch_norm_normalises_each_channel_of_what_it_trains_on(shape: Shape) -> None:
    x = np.random.default_rng(0).normal(5, 3, shape)
    layer = BatchNorm(3)
    seen = {"mean": np.zeros(3), "variance": np.zeros(3)}
    scratch = ReusedScratch(None, seen)

    y, _ = layer.training_vjp_batch_last(x, scratch, np.random.default_rng(0))

    flat, channels = y.reshape(3, -1), x.reshape(3, -1)
    np.testing.assert_allclose(flat.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(flat.std(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(seen["mean"], channels.mean(axis=1))
    np.testing.assert_allclose(seen["variance"], channels.var(axis=1, ddof=1))
    np.testing.assert_array_equal(layer.mean, np.zeros(3))


def test_batch_norm_uses_its_buffers_in_inference() -> None:
    layer = BatchNorm(2)
    layer.bind("mean", np.array([1.0, 2.0]))
    layer.bind("variance", np.array([4.0, 9.0]))

    y = layer.forward(np.array([[3.0, 5.0]]))

    np.testing.assert_allclose(y, [[1, 1]], rtol=1e-5)


def test_batch_norm_of_a_single_sample_is_finite() -> None:
    layer = BatchNorm(3)

    y, pullback = layer.training_vjp_batch_last(
        np.ones((3, 1)), Scratch(), np.random.default_rng(0)
    )
    dx, _ = pullback(np.ones((3, 1)))

    np.testing.assert_array_equal(y, np.zeros((3, 1)))
    np.testing.assert_array_equal(dx, np.zeros((3, 1)))


def test_layer_norm_normalises_each_sample() -> None:
    x = np.random.default_rng(0).normal(5, 3, (6, 2, 4, 4))

    y = LayerNorm((2, 4, 4)).forward(x).reshape(6, -1)

    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=1), 1, rtol=1e-5)


def test_upsampling_repeats_pixels() -> None:
    x = np.array([[[[1.0, 2.0]]]])

    np.testing.assert_array_equal(Upsample2D(2).forward(x), [[[[1, 1, 2, 2], [1, 1, 2, 2]]]])


def test_a_residual_adds_its_input() -> None:
    body = DenseLayer(3, 3)
    x = np.random.default_rng(0).normal(size=(4, 3))

    np.testing.assert_allclose(Residual([body]).forward(x), body.forward(x) + x)


def test_a_residual_names_the_arrays_of_its_layers() -> None:
    inner = Residual([DenseLayer(3, 3), BatchNorm(3)])
    layer = Residual([inner, ReLU()], DenseLayer(3, 3, bias=False))

    assert layer.parameter_names == (
        *("0.0.W", "0.0.b", "0.1.scale", "0.1.shift"),
        "projection.W",
    )
    assert layer.buffer_names == ("0.1.mean", "0.1.variance")
    layer.bind("0.1.mean", np.full(3, 7.0))
    np.testing.assert_array_equal(inner.array("1.mean"), [7, 7, 7])


@pytest.mark.parametrize(
    ("before", "after"),
    [((4,), (6,)), ((2, 8, 8), (3, 8, 8)), ((2, 8, 8), (2, 4, 4)), ((2, 7, 7), (5, 3, 3))],
)
def test_a_projection_joins_two_shapes(before: Shape, after: Shape) -> None:
    layer = projection_for(before, after, np.random.default_rng(0))

    assert layer is not None
    assert layer.output_shape(before) == after


def test_equal_shapes_need_no_projection() -> None:
    assert projection_for((2, 3, 3), (2, 3, 3), np.random.default_rng(0)) is None


@pytest.mark.parametrize(("before", "after"), [((2, 4, 4), (2, 8, 8)), ((2, 4, 4), (32,))])
def test_shapes_that_cannot_meet_are_refused(before: Shape, after: Shape) -> None:
    with pytest.raises(ShapeError, match="the two ways of a residual cannot meet"):
        projection_for(before, after, np.random.default_rng(0))


WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: DenseLayer(0, 3), "input_dim is at least 1, got 0"),
    (lambda: DenseLayer(2, 3, np.ones((3, 2))), r"weights \(2, 3\), got \(3, 2\)"),
    (lambda: DenseLayer(2, 3, None, np.ones(2)), r"biases \(3,\), got \(2,\)"),
    (lambda: Conv2DLayer(0, 1, 1), "kernel_size is at least 1, got 0"),
    (lambda: Conv2DLayer(3, 1, 1, "valid", 0), "stride is at least 1, got 0"),
    (lambda: Conv2DLayer(3, 1, 0), "output_channels is at least 1, got 0"),
    (lambda: Conv2DLayer(3, 1, 1, "half"), "padding is"),
    (lambda: Conv2DLayer(3, 1, 1, K_init=np.ones((3, 3, 1, 2))), "kernel of shape"),
    (lambda: Conv2DLayer(3, 1, 1, b_init=np.ones(2)), "biases of shape"),
    (lambda: Conv2DTrLayer(3, 1, 1, -1), "padding is at least 0, got -1"),
    (lambda: MaxPool2D(0), "kernel_size is at least 1, got 0"),
    (lambda: AvgPool2D(2, 0), "stride is at least 1, got 0"),
    (lambda: LeakyReLU(1.0), "negative_slope is above 0 and below 1, got 1.0"),
    (lambda: LeakyReLU(math.nan), "negative_slope is above 0 and below 1, got nan"),
    (lambda: ELU(0.0), "alpha is above 0 and finite, got 0.0"),
    (lambda: ELU(math.inf), "alpha is above 0 and finite, got inf"),
    (lambda: Dropout(1.0), "rate is from 0 to below 1, got 1.0"),
    (lambda: Dropout(math.nan), "rate is from 0 to below 1, got nan"),
    (lambda: BatchNorm(0), "channels is at least 1, got 0"),
    (lambda: LayerNorm((3, 0)), "size is at least 1, got 0"),
    (lambda: Reshape((-1, 3)), "size is at least 1, got -1"),
    (lambda: Upsample2D(0), "factor is at least 1, got 0"),
    (lambda: Residual([]), "one layer or more, got none"),
]


@pytest.mark.parametrize(("build", "message"), WRONG)
def test_a_value_outside_its_range_is_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


UNFIT: list[tuple[Layer, Shape]] = [
    (DenseLayer(3, 2), (4,)),
    (DenseLayer(3, 2), (1, 3)),
    (Softmax(), (2, 3)),
    (Conv2DLayer(3, 1, 1, "valid"), (2, 5, 5)),
    (Conv2DLayer(3, 1, 1, "valid"), (1, 2, 5)),
    (Conv2DLayer(3, 1, 1), (5,)),
    (Conv2DTrLayer(3, 1, 1), (2, 5, 5)),
    (Conv2DTrLayer(1, 1, 1, 2), (1, 3, 3)),
    (MaxPool2D(3), (1, 2, 2)),
    (AvgPool2D(), (8,)),
    (GlobalAvgPool2D(), (8,)),
    (BatchNorm(3), (4,)),
    (LayerNorm((3,)), (4,)),
    (Reshape((2, 3)), (7,)),
    (Upsample2D(), (7,)),
    (Residual([DenseLayer(3, 2)]), (3,)),
    (Residual([FlattenLayer()]), (1, 2, 2)),
]


@pytest.mark.parametrize(("layer", "shape"), UNFIT)
def test_an_input_that_does_not_fit_is_refused_with_its_shape(layer: Layer, shape: Shape) -> None:
    with pytest.raises(ShapeError) as caught:
        layer.output_shape(shape)

    assert str(shape) in str(caught.value)
