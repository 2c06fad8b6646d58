import numpy as np
import pytest

from engine import CrossEntropy, MeanSquaredError, ReLU, Softmax
from engine.layers.activations import softmax
from engine.losses import Loss, SoftmaxCrossEntropy, fuse
from tests.engine.oracles import central_differences

CLASSES = np.array([2, 0, 1, 1])
ONE_HOT = np.eye(3)[CLASSES].T
SOFT = np.random.default_rng(1).random((3, 4)) * 2


def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 4)) * 3


@pytest.mark.parametrize("targets", [CLASSES, ONE_HOT, SOFT], ids=["classes", "one-hot", "soft"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_fused_is_softmax_and_cross_entropy_one_after_the_other(
    targets: np.ndarray, smoothing: float
) -> None:
    z = logits()
    p = softmax(z)
    apart, dp = CrossEntropy(smoothing).value_and_gradient(p, targets)
    through_softmax = p * (dp - np.sum(p * dp, axis=0))

    together, dz = SoftmaxCrossEntropy(smoothing).value_and_gradient(z, targets)

    np.testing.assert_allclose(together, apart, rtol=1e-12)
    np.testing.assert_allclose(dz, through_softmax, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (SoftmaxCrossEntropy(), CLASSES),
        (SoftmaxCrossEntropy(), SOFT),
        (SoftmaxCrossEntropy(0.2), CLASSES),
        (MeanSquaredError(), SOFT),
        (MeanSquaredError(), CLASSES),
    ],
)
def test_the_gradient_is_the_difference_quotient(loss: Loss, targets: np.ndarray) -> None:
    z = logits()
    _, gradient = loss.value_and_gradient(z, targets)

    def total() -> float:
        return float(loss.value_and_gradient(z, targets)[0].sum())

    numeric = central_differences(total, z)

    np.testing.assert_allclose(gradient, numeric, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("size", [0.0, 1e30, -1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("targets", [CLASSES, ONE_HOT, SOFT], ids=["classes", "one-hot", "soft"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_finite_for_every_finite_logit(
    size: float, dtype: type[np.floating], targets: np.ndarray, smoothing: float
) -> None:
    z = logits().astype(dtype)
    z[1] = size

    losses, gradient = SoftmaxCrossEntropy(smoothing).value_and_gradient(z, targets)

    assert np.isfinite(losses).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("targets", [CLASSES, ONE_HOT], ids=["classes", "one-hot"])
def test_cross_entropy_of_a_probability_of_zero_is_finite(targets: np.ndarray) -> None:
    p = np.zeros((3, 4), np.float32)

    losses, gradient = CrossEntropy().value_and_gradient(p, targets)

    assert np.isfinite(losses).all()
    assert np.isfinite(gradient).all()


def test_the_gradient_of_labels_that_do_not_sum_to_one_has_their_sum() -> None:
    z = logits()

    _, gradient = SoftmaxCrossEntropy().value_and_gradient(z, SOFT)

    np.testing.assert_allclose(gradient, softmax(z) * SOFT.sum(axis=0) - SOFT, rtol=1e-12)


def test_smoothing_moves_weight_evenly_to_all_classes() -> None:
    z = logits()
    smooth = 0.9 * ONE_HOT + 0.1 / 3

    expected = SoftmaxCrossEntropy().value_and_gradient(z, smooth)
    got = SoftmaxCrossEntropy(0.1).value_and_gradient(z, CLASSES)

    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-12)


def test_the_mean_squared_error_is_a_mean_over_a_samples_numbers() -> None:
    outputs = np.array([[1.0, 2.0], [3.0, 4.0]])
    targets = np.array([[0.0, 2.0], [1.0, 1.0]])

    losses, gradient = MeanSquaredError().value_and_gradient(outputs, targets)

    np.testing.assert_array_equal(losses, [(1 + 4) / 2, (0 + 9) / 2])
    np.testing.assert_array_equal(gradient, outputs - targets)


def test_the_outputs_and_targets_are_not_written_to() -> None:
    z, soft = logits(), SOFT.copy()
    for loss in (SoftmaxCrossEntropy(), SoftmaxCrossEntropy(0.1), MeanSquaredError()):
        loss.value_and_gradient(z, soft)

    np.testing.assert_array_equal(z, logits())
    np.testing.assert_array_equal(soft, SOFT)


def test_the_batch_comes_first_outside() -> None:
    p, labels = softmax(logits()).T, SOFT.T

    losses = CrossEntropy().forward(p, labels)
    gradient = CrossEntropy().grad_x(p, labels)

    np.testing.assert_allclose(losses, -np.sum(labels * np.log(p), axis=1))
    np.testing.assert_allclose(gradient, -labels / p)


def test_only_softmax_followed_by_cross_entropy_is_fused() -> None:
    softmax_layer, relu = Softmax(), ReLU()

    layers, loss = fuse([relu, softmax_layer], CrossEntropy(0.1))
    kept, mse = fuse([relu, softmax_layer], MeanSquaredError())

    assert layers == [relu]
    assert isinstance(loss, SoftmaxCrossEntropy)
    assert loss.label_smoothing == 0.1
    assert kept == [relu, softmax_layer]
    assert isinstance(mse, MeanSquaredError)


@pytest.mark.parametrize("bad", [-0.1, 1.0, 1.5, float("nan")])
@pytest.mark.parametrize("loss", [CrossEntropy, SoftmaxCrossEntropy])
def test_a_smoothing_outside_its_range_is_refused(
    loss: type[CrossEntropy] | type[SoftmaxCrossEntropy], bad: float
) -> None:
    with pytest.raises(ValueError, match="label_smoothing is from 0 to below 1, got"):
        loss(bad)
