"""Every loss, its value and its gradient, against PyTorch's."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

import engine.losses
from engine import CrossEntropy, Layer, MeanSquaredError, Softmax
from engine.arrays import Array, Labels, Shape, batch_last
from engine.backpropagation import backpropagate
from engine.losses import Loss, SoftmaxCrossEntropy, fuse
from parity.twins import normal

BATCH, CLASSES = 6, 5
RTOL, ATOL = 1e-9, 1e-12

LABELS = np.array([4, 0, 2, 2, 1, 3])
ONE_HOT = np.eye(CLASSES)[LABELS]
SHARES = np.random.default_rng(1).dirichlet(np.ones(CLASSES), BATCH)
WEIGHTS = SHARES * np.array([[0.5], [2], [1], [3], [0.1], [1]])
"""Rows that do not sum to 1."""

IMAGES = normal(np.random.default_rng(2), (BATCH, 2, 3, 4))


def outputs(shape: Shape = (BATCH, CLASSES)) -> Array:
    return 3 * normal(np.random.default_rng(0), shape)


def torch_value_and_gradient(loss: Callable[[Tensor], Tensor], x: Array) -> tuple[Array, Array]:
    """PyTorch's loss of every sample, and the gradient of their sum, the batch first."""
    tensor = torch.from_numpy(x.copy()).requires_grad_()
    losses = loss(tensor)
    losses.sum().backward()  # type: ignore[no-untyped-call]
    assert tensor.grad is not None
    return losses.detach().numpy(), tensor.grad.numpy()


def check(
    layers: list[Layer], loss: Loss, x: Array, targets: Labels, expected: tuple[Array, Array]
) -> None:
    """Fail where the engine's losses or their gradient are not the expected ones."""
    last = targets if targets.ndim == 1 else batch_last(targets)

    losses, _, dx, _ = backpropagate(layers, loss, batch_last(x), last, input_too=True)

    assert dx is not None
    np.testing.assert_allclose(losses, expected[0], rtol=RTOL, atol=ATOL)
    np.testing.assert_allclose(dx, batch_last(expected[1]), rtol=RTOL, atol=ATOL)


def test_every_loss_of_the_engine_is_compared() -> None:
    found = vars(engine.losses).values()
    losses = {c for c in found if isinstance(c, type) and issubclass(c, Loss) and c is not Loss}

    assert losses == {MeanSquaredError, CrossEntropy, SoftmaxCrossEntropy}


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("targets", [LABELS, ONE_HOT, SHARES], ids=["classes", "one-hot", "shares"])
@pytest.mark.parametrize("fused", [True, False], ids=["fused", "unfused"])
def test_softmax_and_cross_entropy_are_pytorchs(
    fused: bool, targets: Labels, smoothing: float
) -> None:
    layers: list[Layer] = [Softmax()]
    loss: Loss = CrossEntropy(smoothing)
    if fused:
        layers, loss = fuse(layers, loss)
        assert isinstance(loss, SoftmaxCrossEntropy)

    def reference(z: Tensor) -> Tensor:
        wanted = torch.from_numpy(targets)
        return functional.cross_entropy(z, wanted, reduction="none", label_smoothing=smoothing)

    z = outputs()

    check(layers, loss, z, targets, torch_value_and_gradient(reference, z))


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "unfused"])
def test_targets_that_do_not_sum_to_one_are_weighted_as_by_pytorch(fused: bool) -> None:
    layers: list[Layer] = [Softmax()]
    loss: Loss = CrossEntropy()
    if fused:
        layers, loss = fuse(layers, loss)

    def reference(z: Tensor) -> Tensor:
        return functional.cross_entropy(z, torch.from_numpy(WEIGHTS), reduction="none")

    z = outputs()

    check(layers, loss, z, WEIGHTS, torch_value_and_gradient(reference, z))


@pytest.mark.parametrize("size", [1e3, 1e200])
def test_cross_entropy_of_huge_logits_is_pytorchs(size: float) -> None:
    layers, loss = fuse([Softmax()], CrossEntropy(0.1))
    z = outputs() * size

    def reference(z: Tensor) -> Tensor:
        wanted = torch.from_numpy(LABELS)
        return functional.cross_entropy(z, wanted, reduction="none", label_smoothing=0.1)

    check(layers, loss, z, LABELS, torch_value_and_gradient(reference, z))


def test_cross_entropy_alone_is_pytorchs_negative_log_likelihood() -> None:
    p = np.random.default_rng(3).dirichlet(np.ones(CLASSES), BATCH)

    def reference(p: Tensor) -> Tensor:
        return functional.nll_loss(p.log(), torch.from_numpy(LABELS), reduction="none")

    check([], CrossEntropy(), p, LABELS, torch_value_and_gradient(reference, p))


@pytest.mark.parametrize("targets", [SHARES, WEIGHTS, IMAGES], ids=["shares", "weights", "images"])
def test_the_mean_squared_error_is_pytorchs(targets: Array) -> None:
    x = outputs(targets.shape)

    def reference(x: Tensor) -> Tensor:
        squares = functional.mse_loss(x, torch.from_numpy(targets), reduction="none")
        return squares.flatten(1).mean(dim=1)

    check([], MeanSquaredError(), x, targets, torch_value_and_gradient(reference, x))


def test_the_mean_squared_error_of_classes_is_pytorchs_with_one_hot_targets() -> None:
    x = outputs()

    def reference(x: Tensor) -> Tensor:
        hot = functional.one_hot(torch.from_numpy(LABELS), CLASSES).double()
        return functional.mse_loss(x, hot, reduction="none").mean(dim=1)

    check([], MeanSquaredError(), x, LABELS, torch_value_and_gradient(reference, x))
