import numpy as np
import pytest
from numpy.random import Generator

from engine import CrossEntropy, DenseLayer, Dropout, Network, Softmax
from engine.arrays import Array, Labels
from engine.batches import Samples
from engine.calibration import calibrate, temperature
from engine.layers.base import Layer
from engine.parallel import Team


@pytest.fixture
def rng() -> Generator:
    return np.random.default_rng(0)


def drawn(rng: Generator, samples: int) -> tuple[Array, Labels]:
    """Logits, and classes that are drawn by their softmax: these logits are calibrated."""
    z = 3 * rng.standard_normal((samples, 5))
    return z, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


@pytest.mark.parametrize("hotter", [0.25, 1.0, 4.0])
def test_the_temperature_is_that_which_made_the_logits_too_sure_or_not_sure_enough(
    rng: Generator, hotter: float
) -> None:
    z, classes = drawn(rng, 50_000)

    assert temperature(z * hotter, classes) == pytest.approx(hotter, rel=0.03)


def test_no_other_temperature_has_a_smaller_cross_entropy(rng: Generator) -> None:
    z, classes = drawn(rng, 500)
    share = 1 / 501
    labels = (1 - share) * np.eye(5)[classes] + share / 5

    def loss(t: float) -> float:
        p = np.exp(z / t) / np.exp(z / t).sum(axis=1, keepdims=True)
        return float(-np.sum(labels * np.log(p)))

    t = temperature(z, classes)

    assert loss(t) < min(loss(t * 0.999), loss(t * 1.001))


def test_a_few_samples_that_are_all_read_right_leave_some_doubt() -> None:
    z = 4 * np.eye(10)

    t = temperature(z, np.arange(10))

    surest = np.exp(z / t).max() / np.exp(z / t)[0].sum()
    assert surest == pytest.approx(1 - 0.9 / 11)  # each label gives up a share of 1/11


def test_what_reads_worse_than_chance_is_made_unsure_and_no_more(rng: Generator) -> None:
    z, classes = drawn(rng, 100)

    assert temperature(-z, classes) == pytest.approx(20)


def test_infinite_logits_and_a_single_class_have_no_temperature() -> None:
    z = np.array([[np.inf, 0.0], [1.0, 0.0]])

    assert temperature(z, np.array([0, 1])) == 1
    assert temperature(np.array([[3.0], [4.0]]), np.array([0, 0])) == 1


def blurred(rng: Generator, layers: list[Layer]) -> tuple[Network, Samples]:
    """A network, and samples whose classes it knows no better than by chance."""
    x = rng.standard_normal((300, 4)).astype(np.float32)
    return Network(layers, CrossEntropy()), Samples(x, rng.integers(0, 3, 300))


def test_a_network_is_calibrated_by_its_last_weights(rng: Generator) -> None:
    dense = DenseLayer(4, 3, 5 * rng.standard_normal((4, 3)), rng.standard_normal(3))
    network, samples = blurred(rng, [dense, Softmax()])
    z = Network([dense]).predict(samples.x)
    held_out = np.arange(100, 300)

    with Team() as team:
        t = calibrate(network.layers, samples, held_out, team)

    assert samples.classes is not None
    assert t == pytest.approx(temperature(z[held_out], samples.classes[held_out]), rel=1e-5)
    assert t is not None
    assert t > 2
    np.testing.assert_allclose(Network([dense]).predict(samples.x), z / t, rtol=1e-5)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_have_no_influence_on_the_temperature(rng: Generator, threads: int) -> None:
    weights = rng.standard_normal((4, 3)).astype(np.float32)
    _, samples = blurred(rng, [])

    found = []
    for count in (1, threads):
        with Team(count) as team:
            layers: list[Layer] = [DenseLayer(4, 3, weights), Softmax()]
            found.append((calibrate(layers, samples, np.arange(300), team), layers[0].array("W")))

    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("case", ["no softmax", "no dense", "nothing held out", "no classes"])
def test_what_cannot_be_calibrated_is_left_as_it_is(rng: Generator, case: str) -> None:
    dense = DenseLayer(4, 3, rng.standard_normal((4, 3)))
    layers: list[Layer] = [dense, Softmax()]
    if case == "no softmax":
        layers = [dense]
    elif case == "no dense":
        layers = [dense, Dropout(0.5), Softmax()]
    network, samples = blurred(rng, layers)
    if case == "no classes":
        samples = Samples(samples.x, None)
    before = dense.W.copy()

    with Team() as team:
        held_out = np.arange(0 if case == "nothing held out" else 300)
        assert calibrate(network.layers, samples, held_out, team) is None

    np.testing.assert_array_equal(dense.W, before)
