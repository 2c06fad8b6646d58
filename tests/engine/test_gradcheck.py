import numpy as np
import pytest

from engine import (
    GELU,
    AvgPool2D,
    BatchNorm,
    Conv2DLayer,
    Conv2DTrLayer,
    CrossEntropy,
    DenseLayer,
    FlattenLayer,
    GlobalAvgPool2D,
    Layer,
    MaxPool2D,
    MeanSquaredError,
    ReLU,
    Residual,
    Softmax,
)
from engine.arrays import Array, Pullback, Shape
from engine.gradcheck import TOLERANCE, gradcheck
from engine.losses import Loss
from engine.scratch import Scratch


class WrongReLU(Layer):
    """A ReLU whose pullback lets everything through."""

    name = "WrongReLU"

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        return np.maximum(x, 0)

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            return dy, []

        return self.forward_batch_last(x, scratch), pullback


class ForgottenMean(Layer):
    """A scale whose parameter gradient is a little wrong."""

    name = "ForgottenMean"
    parameter_names = ("scale",)

    def __init__(self) -> None:
        self.scale = np.ones(1)

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        return x * self.scale

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            return dy * self.scale, [np.array([1.001 * np.sum(dy * x)])]

        return self.forward_batch_last(x, scratch), pullback


def linear() -> list[Layer]:
    return [FlattenLayer(), DenseLayer(784, 10), Softmax()]


def mlp() -> list[Layer]:
    hidden: list[Layer] = [DenseLayer(784, 256), ReLU(), DenseLayer(256, 128), ReLU()]
    return [FlattenLayer(), *hidden, DenseLayer(128, 10), Softmax()]


def conv(kernel_size: int, inputs: int, outputs: int, padding: str = "valid") -> Conv2DLayer:
    rng = np.random.default_rng(0)
    shape = (kernel_size, kernel_size, inputs, outputs)
    return Conv2DLayer(
        kernel_size, inputs, outputs, padding, K_init=rng.normal(size=shape) / kernel_size
    )


def lenet5() -> list[Layer]:
    convolutions: list[Layer] = [
        *(conv(5, 1, 6, "same"), ReLU(), MaxPool2D()),
        *(conv(5, 6, 16), ReLU(), MaxPool2D(), FlattenLayer()),
    ]
    dense: list[Layer] = [DenseLayer(400, 120), ReLU(), DenseLayer(120, 84), ReLU()]
    return [*convolutions, *dense, DenseLayer(84, 10), Softmax()]


def cnn() -> list[Layer]:
    convolutions: list[Layer] = [conv(3, 1, 32), ReLU(), conv(3, 32, 64), ReLU(), MaxPool2D()]
    return [*convolutions, FlattenLayer(), DenseLayer(9216, 128), ReLU(), DenseLayer(128, 10)]


def autoencoder() -> list[Layer]:
    down: list[Layer] = [conv(3, 1, 4, "same"), ReLU(), AvgPool2D(), conv(3, 4, 2, "same"), ReLU()]
    return [*down, AvgPool2D(), Conv2DTrLayer(2, 2, 4, 0, 2), ReLU(), Conv2DTrLayer(2, 4, 1, 0, 2)]


def resnet() -> list[Layer]:
    blocks: list[Layer] = [
        Residual([conv(3, 4, 4, "same"), BatchNorm(4), ReLU(), conv(3, 4, 4, "same")]),
        Residual([MaxPool2D(), conv(3, 4, 8, "same"), GELU()], Conv2DLayer(1, 4, 8, "valid", 2)),
    ]
    return [conv(3, 1, 4, "same"), *blocks, GlobalAvgPool2D(), DenseLayer(8, 10), Softmax()]


@pytest.mark.parametrize(
    ("preset", "loss"),
    [
        (linear, CrossEntropy()),
        (mlp, CrossEntropy(0.1)),
        (lenet5, CrossEntropy()),
        (cnn, MeanSquaredError()),
        (resnet, CrossEntropy()),
        (autoencoder, MeanSquaredError()),
    ],
)
def test_every_preset_passes(preset: object, loss: Loss) -> None:
    assert callable(preset)
    rng = np.random.default_rng(0)
    x = rng.random((1, 28, 28, 2))
    layers = preset()
    targets = x if preset is autoencoder else rng.integers(0, 10, 2)

    checks = gradcheck(layers, loss, x, targets, rng, entries=3)

    assert max(check.max_relative_error for check in checks) < TOLERANCE


def test_the_layers_are_not_changed() -> None:
    layers = [DenseLayer(4, 3)]
    before = layers[0].W.copy()

    gradcheck(layers, MeanSquaredError(), np.ones((4, 2)), np.ones((3, 2)), np.random.default_rng())

    np.testing.assert_array_equal(layers[0].W, before)


@pytest.mark.parametrize("broken", [WrongReLU, ForgottenMean])
def test_a_broken_layer_is_caught_and_named(broken: type[Layer]) -> None:
    rng = np.random.default_rng(0)
    layers = [DenseLayer(6, 6), broken(), DenseLayer(6, 3), Softmax()]

    checks = gradcheck(
        layers, CrossEntropy(), rng.normal(size=(6, 8)), rng.integers(0, 3, 8), rng, entries=40
    )

    failed = [check.name for check in checks if check.max_relative_error >= TOLERANCE]
    assert broken.name in failed
    assert checks[2].max_relative_error < TOLERANCE
