"""What the course notebook asks of its classes, as it asks it."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from engine import (
    Conv2DLayer,
    Conv2DTrLayer,
    CrossEntropy,
    DenseLayer,
    FlattenLayer,
    Layer,
    Network,
    ReLU,
    Softmax,
)
from engine.arrays import Array, floating
from tests.engine.oracles import central_differences

ALLOWED = 0.01
"""The notebook's own limit for the sum of all absolute differences."""

SOFT = np.array([[1, 2, 3], [2, 3, 4]])
"""The notebook's labels, which do not sum to 1."""


class Doubled(Layer):
    """A layer in the notebook's way: `forward` and `grad_x`, nothing else."""

    def __init__(self) -> None:
        self.name = "Doubled"

    def forward(self, input_data: ArrayLike) -> Array:
        y: Array = 2 * floating(input_data)
        return y

    def grad_x(self, input_data: ArrayLike) -> Array:
        x = np.asarray(input_data)
        return np.tile(2 * np.eye(x[0].size), (len(x), 1, 1))


class Scaled(Layer):
    """The same with a parameter."""

    def __init__(self) -> None:
        self.name = "Scaled"
        self.parameter_names = ("scale",)
        self.scale = np.ones(1)

    def forward(self, input_data: ArrayLike) -> Array:
        y: Array = self.scale * floating(input_data)
        return y

    def grad_x(self, input_data: ArrayLike) -> Array:
        x = np.asarray(input_data)
        return np.tile(self.scale * np.eye(x[0].size), (len(x), 1, 1))

    def grad_param(self, input_data: ArrayLike) -> list[Array]:
        x = np.asarray(input_data)
        return [x.reshape(len(x), -1, 1)]


def diagonal_kernel() -> Array:
    kernel = np.zeros((3, 3, 2, 2))
    for i in range(3):
        kernel[i, i, 0], kernel[i, i, 1] = 1, 2
    return kernel


def per_sample(derivative: Array, outputs: int) -> Array:
    """(batch, outputs, batch, inputs) -> (batch, outputs, inputs): samples do not mix."""
    batch = len(derivative)
    turned = derivative.reshape(batch, outputs, batch, -1)
    return turned[np.arange(batch), :, np.arange(batch)]


def test_a_convolution_gives_the_numbers_that_the_notebook_prints() -> None:
    x = np.arange(32).reshape(1, 2, 4, 4).astype("float32")
    expected = np.array([[[[141, 150], [177, 186]]] * 2])

    plain = Conv2DLayer(3, 2, 2, "valid", 1, diagonal_kernel())
    shifted = Conv2DLayer(3, 2, 2, "valid", 1, diagonal_kernel(), b_init=np.array([1, 2]))

    np.testing.assert_array_equal(plain.forward(x), expected)
    np.testing.assert_array_equal(shifted.forward(x), expected + np.array([[[[1]], [[2]]]]))


def test_the_gradient_of_the_loss_is_its_difference_quotient() -> None:
    x = np.array([[0.3, 0.2, 0.5], [0.3, 0.2, 0.5]])
    loss = CrossEntropy()

    numeric = central_differences(lambda: loss.forward(x, SOFT), x)[[0, 1], [0, 1]]

    assert np.abs(numeric - loss.grad_x(x, SOFT)).sum() < ALLOWED


@pytest.mark.parametrize("layer", [Softmax(), ReLU(), DenseLayer(3, 4)], ids=lambda x: x.name)
def test_the_jacobian_of_a_layer_is_its_difference_quotient_for_integer_input(layer: Layer) -> None:
    x = np.array([[1, 2, 3], [2, -3, 4]])
    moved = x.astype(float)
    outputs = layer.forward(x).shape[1]

    numeric = per_sample(central_differences(lambda: layer.forward(moved), moved), outputs)

    assert np.abs(numeric - layer.grad_x(x)).sum() < ALLOWED


def test_the_jacobian_of_a_strided_convolution_is_its_difference_quotient() -> None:
    x = np.arange(625).reshape(5, 5, 5, 5)
    moved = x.astype(float)
    layer = Conv2DLayer(3, 5, 5, "same", 2)

    def output() -> Array:
        return layer.forward(moved).reshape(5, -1)

    numeric = per_sample(central_differences(output, moved), 45)
    of_kernel = central_differences(output, layer.kernel).reshape(5, 45, -1)

    assert layer.grad_x(x).shape == (5, 45, 125)
    assert np.abs(numeric - layer.grad_x(x)).sum() < ALLOWED
    assert layer.grad_kernel(x).shape == (5, 45, 225)
    assert np.abs(of_kernel - layer.grad_kernel(x)).sum() < ALLOWED


def test_the_parameter_jacobians_of_dense_are_their_difference_quotients() -> None:
    layer = DenseLayer(3, 4)
    x = np.random.default_rng(0).random((2, 3))
    of_weights = central_differences(lambda: layer.forward(x), layer.W).reshape(2, 4, -1)
    of_b = central_differences(lambda: layer.forward(x), layer.b)

    assert np.abs(of_weights - layer.grad_W(x)).sum() < ALLOWED
    assert np.abs(of_b - layer.grad_b(x)).sum() < ALLOWED


def test_the_input_gradient_of_a_network_is_its_difference_quotient() -> None:
    net = Network([DenseLayer(3, 10), ReLU(), DenseLayer(10, 3), Softmax()], loss=CrossEntropy())
    x = np.array([[0.3, 0.2, 0.5], [0.3, 0.2, 0.5]])

    numeric = central_differences(lambda: net.calculate_loss(x, SOFT), x)[[0, 1], [0, 1]]

    assert np.abs(numeric - net.grad_x(x, SOFT)).sum() < ALLOWED


def test_the_parameter_gradient_of_a_network_is_its_difference_quotient() -> None:
    net = Network([DenseLayer(96, 20), ReLU(), DenseLayer(20, 3), Softmax()], loss=CrossEntropy())
    x = np.random.default_rng(0).random((2, 96))
    parameters = net.layers[0].parameters

    numeric = central_differences(lambda: net.calculate_loss(x, SOFT), parameters[0])

    got = net.grad_param(x, SOFT)[0][0].reshape(2, 96, 20)
    assert np.abs(numeric - got).sum() < ALLOWED


def test_a_training_step_moves_against_the_mean_of_the_gradients() -> None:
    np.random.seed(0)  # noqa: NPY002 - the notebook's way to fix the weights
    one = Network([DenseLayer(3, 5), ReLU(), DenseLayer(5, 3), Softmax()], CrossEntropy())
    np.random.seed(0)  # noqa: NPY002
    other = Network([DenseLayer(3, 5), ReLU(), DenseLayer(5, 3), Softmax()], CrossEntropy())
    x = np.random.default_rng(0).random((4, 3))
    labels = np.random.default_rng(1).random((4, 3))

    one.train_step(x, labels, 0.1)
    other.update(other.grad_param(x, labels), 0.1)

    for a, b in zip(one.layers, other.layers, strict=True):
        for p, q in zip(a.parameters, b.parameters, strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-12)


def test_fit_prints_a_line_an_epoch_and_learns(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 400)
    x = rng.normal(size=(400, 4)) + 3 * np.eye(3, 4)[classes]
    net = Network([DenseLayer(4, 3), Softmax()], loss=CrossEntropy())

    net.fit(x, np.eye(3)[classes], 0.25, batch_size=16, nb_epoch=3, learning_rate=0.1)

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["1 epoch", "2 epoch", "3 epoch"]
    assert net.evaluate(x, np.eye(3)[classes]) > 0.9


@pytest.mark.parametrize("own", [Doubled, Scaled])
def test_a_layer_written_in_the_notebooks_way_trains(own: type[Layer]) -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 300)
    x = rng.normal(size=(300, 4)) + 3 * np.eye(3, 4)[classes]
    net = Network([own(), DenseLayer(4, 3), own(), Softmax()], loss=CrossEntropy())

    net.fit(x, np.eye(3)[classes], 0.2, batch_size=16, nb_epoch=4, learning_rate=0.1)

    assert net.evaluate(x, np.eye(3)[classes]) > 0.9


def test_a_layer_that_says_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match="Silent defines neither forward nor forward_batch_last"):
        type("Silent", (Layer,), {})


def test_a_network_of_convolutions_learns_its_kernels_and_biases() -> None:
    rng = np.random.default_rng(0)
    net = Network(
        [
            Conv2DLayer(3, 1, 2, "same", 1),
            Conv2DTrLayer(2, 2, 1, 0, 2),
            FlattenLayer(),
            DenseLayer(64, 3),
            Softmax(),
        ],
        CrossEntropy(),
    )
    before = [p.copy() for layer in net.layers for p in layer.parameters]

    net.train_step(rng.random((5, 1, 4, 4)), np.eye(3)[rng.integers(0, 3, 5)], 0.1)

    after = [p for layer in net.layers for p in layer.parameters]
    assert all((a != b).any() for a, b in zip(after, before, strict=True))
