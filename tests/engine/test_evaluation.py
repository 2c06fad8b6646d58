import numpy as np
import pytest

from engine import CrossEntropy, DenseLayer, MeanSquaredError, Network, Softmax
from engine.batches import Samples
from engine.evaluation import (
    calibration,
    calibration_error,
    class_scores,
    confusion_matrix,
    outputs,
    score,
)
from engine.parallel import Team


def test_outputs_are_the_networks_predictions_in_the_order_of_the_indices() -> None:
    rng = np.random.default_rng(0)
    net = Network([DenseLayer(4, 3), Softmax()], CrossEntropy())
    x = rng.normal(size=(300, 4)).astype(np.float32)
    indices = rng.permutation(300)[:200]

    with Team(2) as team:
        got = outputs(net.layers, Samples(x, None), indices, team)

    assert got.shape == (200, 3)
    np.testing.assert_allclose(got, net.predict(x[indices]), rtol=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_score_does_not_depend_on_the_threads(threads: int) -> None:
    rng = np.random.default_rng(0)
    net = Network([DenseLayer(4, 3, rng.normal(size=(4, 3))), Softmax()], CrossEntropy())
    samples = Samples(rng.normal(size=(500, 4)), rng.integers(0, 3, 500))

    with Team(1) as alone, Team(threads) as team:
        expected = score(net.layers, CrossEntropy(), samples, np.arange(500), alone)
        got = score(net.layers, CrossEntropy(), samples, np.arange(500), team)

    assert got == expected


def test_a_score_is_the_mean_loss_and_the_share_of_hits() -> None:
    net = Network([DenseLayer(2, 2, np.eye(2))], MeanSquaredError())
    samples = Samples(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), np.array([0, 1, 1]))

    with Team() as team:
        got = score(net.layers, MeanSquaredError(), samples, np.arange(3), team)

    assert got.accuracy == pytest.approx(2 / 3)
    assert got.loss == pytest.approx((0 + 0 + 1) / 3)


def test_what_has_no_classes_has_no_accuracy() -> None:
    net = Network([DenseLayer(2, 2, np.eye(2))], MeanSquaredError())
    bytes_ = np.array([[255, 0], [51, 255]], np.uint8)

    with Team() as team:
        got = score(net.layers, MeanSquaredError(), Samples(bytes_, None), np.arange(2), team)

    assert got.accuracy is None
    assert got.loss == pytest.approx(0, abs=1e-12)


def test_no_samples_are_refused_in_words() -> None:
    net = Network([DenseLayer(2, 2)], MeanSquaredError())
    with Team() as team, pytest.raises(ValueError, match="no samples to evaluate"):
        outputs(net.layers, Samples(np.zeros((3, 2)), None), np.arange(0), team)


def test_a_confusion_matrix_has_a_row_for_each_true_class() -> None:
    matrix = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), 3)

    np.testing.assert_array_equal(matrix, [[1, 1, 0], [0, 1, 0], [1, 0, 0]])


def test_the_scores_of_a_class_are_its_precision_recall_and_their_mean() -> None:
    first, second, third = class_scores(np.array([[8, 2, 0], [4, 6, 0], [0, 0, 0]]))

    assert (first.precision, first.recall, first.support) == (8 / 12, 0.8, 10)
    assert first.f1 == pytest.approx(2 * (8 / 12) * 0.8 / (8 / 12 + 0.8))
    assert second.precision == 6 / 8
    assert (third.precision, third.recall, third.f1, third.support) == (0, 0, 0, 0)


def test_calibration_sorts_predictions_by_confidence() -> None:
    probabilities = np.array([[0.95, 0.05], [0.05, 0.95], [0.65, 0.35], [1.0, 0.0]])

    bins = calibration(probabilities, np.array([0, 0, 0, 0]))

    assert [b.count for b in bins] == [0, 0, 0, 0, 0, 0, 1, 0, 0, 3]
    assert bins[-1].confidence == pytest.approx((0.95 + 0.95 + 1) / 3)
    assert bins[-1].accuracy == pytest.approx(2 / 3)
    expected = (1 * 0.35 + 3 * abs((0.95 + 0.95 + 1) / 3 - 2 / 3)) / 4
    assert calibration_error(bins) == pytest.approx(expected)


def test_perfect_predictions_have_no_calibration_error() -> None:
    assert calibration_error(calibration(np.eye(3), np.arange(3))) == 0
    assert calibration_error([]) == 0
