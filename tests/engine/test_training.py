import gzip
import hashlib
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import (
    BatchNorm,
    Conv2DLayer,
    CrossEntropy,
    DenseLayer,
    Dropout,
    FlattenLayer,
    Layer,
    MaxPool2D,
    MeanSquaredError,
    Network,
    ReLU,
    Residual,
    Softmax,
    initializers,
)
from engine.augmentation import Augmentation
from engine.batches import Samples, shuffled, split
from engine.errors import Diverged, ShapeError
from engine.evaluation import score
from engine.losses import fuse
from engine.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from engine.parallel import Team
from engine.schedules import Constant, Cosine, Exponential, OneCycle, Schedule, Step
from engine.training import EpochDone, Event, Plan, StepDone, Training

PLAIN = Augmentation()
WILD = Augmentation(rotate=10, shear=5, translate=1, scale=0.1, elastic=0.5, noise=0.1, cutout=2)
OPTIMIZERS: list[Callable[[], Optimizer]] = [
    lambda: SGD(0.05),
    lambda: SGD(0.02, momentum=0.9, nesterov=True, weight_decay=0.01),
    lambda: Adagrad(0.02),
    lambda: RMSprop(0.002),
    lambda: Adam(0.01, clip_norm=0.5),
    lambda: AdamW(0.01, weight_decay=0.1),
]
SCHEDULES: list[Callable[[], Schedule]] = [
    Constant,
    lambda: Step(1, warmup_epochs=0.5),
    lambda: Exponential(0.5),
    lambda: Cosine(warmup_epochs=0.5),
    OneCycle,
]


def network(seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    return Network(
        [
            Conv2DLayer(3, 1, 4, "same", K_init=rng.normal(size=(3, 3, 1, 4))),
            ReLU(),
            MaxPool2D(),
            FlattenLayer(),
            DenseLayer(64, 5, rng.normal(size=(64, 5)) / 8),
            Softmax(),
        ],
        CrossEntropy(0.05),
    )


def elaborate_network(seed: int = 0) -> Network:
    """With dropout, batch norm and a residual that has both in it."""
    rng = np.random.default_rng(seed)
    body: list[Layer] = [
        *(Conv2DLayer(3, 3, 3, "same", K_init=rng.normal(size=(3, 3, 3, 3)) / 5), BatchNorm(3)),
        *(ReLU(), Dropout(0.2)),
    ]
    return Network(
        [
            *(Conv2DLayer(3, 1, 3, "same", K_init=rng.normal(size=(3, 3, 1, 3))), BatchNorm(3)),
            *(ReLU(), Residual(body), MaxPool2D(), FlattenLayer(), Dropout(0.3)),
            *(DenseLayer(48, 5, rng.normal(size=(48, 5)) / 7), Softmax()),
        ],
        CrossEntropy(0.05),
    )


def digits(count: int = 330, seed: int = 0) -> Samples:
    """Noisy bytes (1, 8, 8) with a bright row that tells the class."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 5, count)
    x = rng.integers(0, 120, (count, 1, 8, 8))
    x[np.arange(count), 0, classes + 1] += 100
    return Samples(x.astype(np.uint8), classes)


def sha256(net: Network) -> str:
    digest = hashlib.sha256()
    for layer in net.layers:
        for array in (*layer.parameters, *layer.buffers):
            digest.update(array.tobytes())
    return digest.hexdigest()


def train(net: Network, samples: Samples, plan: Plan) -> list[Event]:
    return list(Training(net, samples, plan))


def epochs_and_hashes(net: Network, samples: Samples, plan: Plan) -> tuple[EpochDone, list[str]]:
    """Train; the last epoch, and the weights' hash after every epoch, from 1."""
    done: list[EpochDone] = []
    hashes = [""]
    for event in Training(net, samples, plan):
        if isinstance(event, EpochDone):
            done.append(event)
            hashes.append(sha256(net))
    return done[-1], hashes


def interrupted(
    plan: Plan, samples: Samples, after: int, build: Callable[[int], Network] = network
) -> tuple[Network, list[Event]]:
    """Train until some event, go on from the state in a network with other weights."""
    first = Training(build(0), samples, plan)
    before = list(islice(first, after))
    state = first.state()
    del first
    other = build(99)
    return other, before + list(Training(other, samples, plan, state))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    build=st.sampled_from([network, elaborate_network]),
    augmentation=st.sampled_from([None, PLAIN, WILD]),
    ema=st.sampled_from([None, 0.0, 0.9]),
    optimizer=st.sampled_from(OPTIMIZERS),
    schedule=st.sampled_from(SCHEDULES),
    patience=st.sampled_from([None, 1, 3]),
    batch_size=st.sampled_from([50, 128, 300]),
    threads=st.sampled_from([2, 4]),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_neither_threads_nor_an_interruption_change_a_bit(
    build: Callable[[int], Network],
    augmentation: Augmentation | None,
    ema: float | None,
    optimizer: Callable[[], Optimizer],
    schedule: Callable[[], Schedule],
    patience: int | None,
    batch_size: int,
    threads: int,
    share: float,
    seed: int,
) -> None:
    def plan(threads: int) -> Plan:
        return Plan(
            optimizer(),
            schedule(),
            augmentation,
            ema=ema,
            epochs=2,
            batch_size=batch_size,
            validation_split=0.2,
            patience=patience,
            seed=seed,
            threads=threads,
        )

    samples, alone = digits(), build(0)
    events = train(alone, samples, plan(1))

    other, resumed = interrupted(plan(threads), samples, round(share * len(events)), build)

    assert resumed == events
    assert sha256(other) == sha256(alone)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_same_seed_gives_the_same_weights_for_any_number_of_threads(threads: int) -> None:
    alone, team = network(), network()
    samples = digits()
    train(alone, samples, Plan(Adam(0.01), epochs=2, seed=3))

    train(team, samples, Plan(Adam(0.01), epochs=2, seed=3, threads=threads))

    assert sha256(team) == sha256(alone)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_every_random_draw_is_the_same_for_any_number_of_threads(threads: int) -> None:
    def plan(threads: int) -> Plan:
        return Plan(Adam(0.01), augmentation=WILD, ema=0.9, epochs=1, seed=3, threads=threads)

    alone, team = elaborate_network(), elaborate_network()
    train(alone, digits(), plan(1))

    train(team, digits(), plan(threads))

    assert sha256(team) == sha256(alone)


def test_another_seed_gives_other_weights() -> None:
    one, other = network(), network()

    train(one, digits(), Plan(SGD(0.1), epochs=1, seed=1))
    train(other, digits(), Plan(SGD(0.1), epochs=1, seed=2))

    assert sha256(one) != sha256(other)


def test_a_run_can_be_saved_and_restored_after_every_event() -> None:
    plan = Plan(Adam(0.01), Cosine(), epochs=2, batch_size=100, patience=1, seed=5)
    alone = network()
    events = train(alone, digits(), plan)

    for after in range(len(events) + 1):
        other, resumed = interrupted(plan, digits(), after)

        assert resumed == events
        assert sha256(other) == sha256(alone)


def test_a_state_is_a_copy_that_training_on_does_not_change() -> None:
    training = Training(network(), digits(), Plan(Adam(0.01), patience=2))
    events = iter(training)
    next(events)
    state = training.state()
    kept = {name: array.copy() for name, array in state.arrays.items()}

    next(events)

    for name, array in state.arrays.items():
        np.testing.assert_array_equal(array, kept[name])


def test_a_state_of_another_network_is_refused() -> None:
    other = Network([FlattenLayer(), DenseLayer(64, 5), Softmax()], CrossEntropy())
    state = Training(other, digits(), Plan(SGD(0.1))).state()

    with pytest.raises(ValueError, match="the state has 325 numbers of parameters"):
        Training(network(), digits(), Plan(SGD(0.1)), state)


def test_a_state_of_another_optimizer_is_refused() -> None:
    state = Training(network(), digits(), Plan(SGD(0.1))).state()

    with pytest.raises(ValueError, match="the state has no mean"):
        Training(network(), digits(), Plan(Adam(0.1)), state)


def test_the_events_count_steps_and_samples() -> None:
    samples = digits(330)
    events = train(network(), samples, Plan(SGD(0.1), epochs=2, batch_size=100))

    steps = [e for e in events if isinstance(e, StepDone)]
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert [(e.epoch, e.step, e.seen) for e in steps[:3]] == [(1, 1, 100), (1, 2, 200), (1, 3, 297)]
    assert {e.steps for e in steps} == {3}
    assert [e.epoch for e in epochs] == [1, 2]
    assert epochs[0].train_loss == steps[2].loss
    assert epochs[0].train_accuracy == steps[2].accuracy
    assert isinstance(events[3], EpochDone)


def test_the_learning_rate_of_a_step_is_the_schedules() -> None:
    schedule = Cosine(warmup_epochs=1)
    events = train(network(), digits(), Plan(SGD(0.1), schedule, epochs=2, batch_size=100))

    rates = [e.learning_rate for e in events if isinstance(e, StepDone)]
    assert rates == pytest.approx([0.1 * schedule.factor(i / 3, 2, 1 / 3) for i in range(6)])


def test_a_step_is_the_optimizers_on_the_mean_gradient_of_the_batch() -> None:
    trained, by_hand = network(), network()
    samples = digits(60)
    training = Training(trained, samples, Plan(SGD(0.1), batch_size=60, validation_split=0))

    done = next(iter(training))
    for layer in by_hand.layers:
        for name in layer.parameter_names:
            setattr(layer, name, getattr(layer, name).astype(np.float32))
    labels = samples.labels
    assert labels is not None
    x, y = samples.x.astype(np.float32) / 255, np.eye(5, dtype=np.float32)[labels]
    loss = float(by_hand.calculate_loss(x, y).mean())
    by_hand.train_step(x, y, 0.1)

    assert isinstance(done, StepDone)
    assert done.loss == pytest.approx(loss, rel=1e-5)
    for a, b in zip(trained.layers, by_hand.layers, strict=True):
        for p, q in zip(a.parameters, b.parameters, strict=True):
            np.testing.assert_allclose(p, q, rtol=1e-4, atol=1e-6)


def test_a_clipped_step_is_as_long_as_the_limit() -> None:
    net = network()
    before = [p.astype(np.float32) for layer in net.layers for p in layer.parameters]
    training = Training(net, digits(), Plan(SGD(1.0, clip_norm=0.01)))

    done = next(iter(training))

    after = [p for layer in net.layers for p in layer.parameters]
    moved = np.sqrt(sum(np.sum((a - b) ** 2) for a, b in zip(after, before, strict=True)))
    assert isinstance(done, StepDone)
    assert done.gradient_norm > 0.01
    assert moved == pytest.approx(0.01, rel=1e-3)


def test_early_stopping_goes_back_to_the_best_weights() -> None:
    net = network()
    rng = np.random.default_rng(0)
    noise = Samples(rng.integers(0, 255, (200, 1, 8, 8)).astype(np.uint8), rng.integers(0, 5, 200))
    plan = Plan(Adam(0.02), epochs=50, validation_split=0.3, patience=3, seed=1)
    last, hashes = epochs_and_hashes(net, noise, plan)

    assert last.stopped
    assert last.epoch == last.best_epoch + 3
    assert sha256(net) == hashes[last.best_epoch]


def test_the_best_weights_are_restored_when_the_epochs_run_out() -> None:
    rng = np.random.default_rng(0)
    noise = Samples(rng.integers(0, 255, (200, 1, 8, 8)).astype(np.uint8), rng.integers(0, 5, 200))
    for epochs in range(2, 6):
        net = network()
        plan = Plan(Adam(0.02), epochs=epochs, validation_split=0.3, patience=50, seed=1)

        last, hashes = epochs_and_hashes(net, noise, plan)

        assert sha256(net) == hashes[last.best_epoch]


@pytest.mark.parametrize("ema", [None, 0.5])
def test_a_run_that_is_finished_within_an_epoch_leaves_the_best_weights(ema: float | None) -> None:
    rng = np.random.default_rng(0)
    noise = Samples(rng.integers(0, 255, (200, 1, 8, 8)).astype(np.uint8), rng.integers(0, 5, 200))
    plan = Plan(Adam(0.02), epochs=50, validation_split=0.3, patience=50, ema=ema, seed=1)
    net = network()
    training = Training(net, noise, plan)
    results = [training.result()]
    best = 0

    for event in training:
        if isinstance(event, EpochDone):
            results.append(training.result())
            best = event.best_epoch
        elif event.epoch > best + 2 > 2:
            break
    training.finish()

    assert 0 < best < len(results) - 1
    np.testing.assert_array_equal(training.parameters, results[best]["parameters"])


def test_a_run_that_is_finished_before_an_epoch_has_ended_leaves_what_it_has_learnt() -> None:
    plans = [Plan(Adam(0.02), batch_size=100, patience=3), Plan(Adam(0.02), batch_size=100)]
    averaged = [replace(plan, ema=0.5) for plan in plans]

    for plan in (*plans, *averaged):
        training = Training(network(), digits(), plan)
        untrained = training.parameters.copy()
        events = iter(training)
        next(events)
        next(events)
        expected = training.result()["parameters"]
        assert not np.array_equal(expected, untrained)

        training.finish()

        np.testing.assert_array_equal(training.parameters, expected)


def test_without_a_patience_a_run_that_is_finished_leaves_the_last_steps_weights() -> None:
    training = Training(network(), digits(), Plan(Adam(0.02), epochs=5, batch_size=100))
    events = [event for event, _ in zip(training, range(7), strict=False)]
    expected = training.result()["parameters"]

    training.finish()

    assert isinstance(events[-1], StepDone)
    assert events[-1].epoch == 2
    np.testing.assert_array_equal(training.parameters, expected)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_leaves_the_finite_numbers_says_where() -> None:
    net = Network([FlattenLayer(), DenseLayer(64, 8), DenseLayer(8, 5)], MeanSquaredError())

    with pytest.raises(Diverged) as caught:
        train(net, digits(), Plan(SGD(1e30), batch_size=100))

    error = caught.value
    assert (error.epoch, error.step) == (1, 2)
    assert error.layer == "2:Dense"
    assert error.learning_rate == 1e30
    assert error.gradient_norm > 0
    assert "epoch 1, step 2" in str(error)
    assert "learning rate 1e+30" in str(error)


def test_the_averaged_weights_follow_the_formula_and_are_what_training_leaves() -> None:
    net = network()
    training = Training(net, digits(), Plan(SGD(0.05), ema=0.5, epochs=1, batch_size=100))
    average = training.parameters.copy()
    t = 0

    for event in training:
        if isinstance(event, StepDone):
            t += 1
            keep = min(0.5, (1 + t) / (10 + t))
            average += (1 - keep) * (training.parameters - average)
            np.testing.assert_allclose(training.result()["parameters"], average, rtol=1e-6)

    np.testing.assert_allclose(training.parameters, average, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(training.result()["parameters"], training.parameters)


def test_the_averaged_weights_are_the_ones_that_are_judged() -> None:
    net = network()
    samples = digits()
    plan = Plan(SGD(0.05), ema=0.9, epochs=1, validation_split=0.3)

    last = train(net, samples, plan)[-1]

    _, held_out = split(len(samples), 0.3, 0)
    layers, loss = fuse(net.layers, CrossEntropy(0.05))
    with Team() as team:
        judged = score(layers, loss, samples, held_out, team)
    assert isinstance(last, EpochDone)
    assert last.val_loss == judged.loss


def test_the_buffers_are_a_running_mean_of_what_the_shards_saw() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (100, 4)).astype(np.float32)
    norm = BatchNorm(4)
    net = Network([norm, DenseLayer(4, 2)], MeanSquaredError())
    plan = Plan(SGD(0.01), batch_size=100, validation_split=0)

    next(iter(Training(net, Samples(x, rng.integers(0, 2, 100)), plan)))

    order = shuffled(np.arange(100), 0, 0)
    parts = [x[order[:64]], x[order[64:]]]
    mean = sum(len(p) / 100 * p.mean(axis=0) for p in parts)
    variance = sum(len(p) / 100 * p.var(axis=0, ddof=1) for p in parts)
    np.testing.assert_allclose(norm.mean, 0.1 * mean, rtol=1e-4)
    np.testing.assert_allclose(norm.variance, 0.9 + 0.1 * variance, rtol=1e-4)


def test_an_elaborate_network_learns() -> None:
    net = elaborate_network()

    events = train(net, digits(), Plan(Adam(0.01), ema=0.9, epochs=12, batch_size=64))

    assert isinstance(events[-1], EpochDone)
    assert events[-1].val_accuracy is not None
    assert events[-1].val_accuracy > 0.8


def test_augmentation_of_flat_samples_is_refused() -> None:
    net = Network([DenseLayer(4, 2)], MeanSquaredError())
    samples = Samples(np.ones((5, 4)), np.zeros(5, int))

    with pytest.raises(ShapeError, match=r"needs images .*, got samples of shape \(4,\)"):
        Training(net, samples, Plan(SGD(0.1), augmentation=Augmentation(rotate=5)))


def test_an_autoencoder_learns_its_input() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(64, 16)) / 8
    net = Network(
        [FlattenLayer(), DenseLayer(64, 16, weights), DenseLayer(16, 64, weights.T)],
        MeanSquaredError(),
    )
    samples = Samples(digits().x, None)

    epochs = [e for e in train(net, samples, Plan(Adam(0.01))) if isinstance(e, EpochDone)]

    assert epochs[-1].train_accuracy is None
    assert epochs[-1].val_accuracy is None
    assert epochs[-1].val_loss is not None
    assert epochs[0].val_loss is not None
    assert epochs[-1].val_loss < 0.7 * epochs[0].val_loss


def test_training_without_validation_has_no_validation_figures() -> None:
    events = train(network(), digits(), Plan(SGD(0.1), epochs=1, validation_split=0))

    assert isinstance(events[-1], EpochDone)
    assert events[-1].val_loss is None
    assert events[-1].best_epoch == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs is at least 1, got 0"),
        ({"batch_size": 0}, "batch_size is at least 1, got 0"),
        ({"threads": -1}, "threads is at least 1, got -1"),
        ({"validation_split": 1.0}, "validation_split is 0 to below 1, got 1.0"),
        ({"validation_split": float("nan")}, "validation_split is 0 to below 1, got nan"),
        ({"patience": 0}, "patience is at least 1 or None, got 0"),
        ({"patience": 2, "validation_split": 0}, "patience needs a validation_split above 0"),
        ({"ema": 1.0}, "ema is from 0 to below 1, or None, got 1.0"),
        ({"ema": float("nan")}, "ema is from 0 to below 1, or None, got nan"),
        ({"seed": -1}, "seed is 0 or more, got -1"),
    ],
)
def test_a_plan_outside_its_ranges_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(SGD(0.1), **wrong)  # type: ignore[arg-type]


def test_a_network_without_a_loss_cannot_be_trained() -> None:
    with pytest.raises(ValueError, match="without a loss"):
        Training(Network([DenseLayer(2, 2)]), digits(), Plan(SGD(0.1)))


def test_samples_and_labels_of_different_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="3 samples, but 2 labels"):
        Samples(np.zeros((3, 2)), np.zeros(2))


def mnist() -> tuple[Samples, Samples]:
    def read(name: str, header: int) -> np.ndarray:
        packed = resources.files("app").joinpath("data", "mnist", name).read_bytes()
        return np.frombuffer(gzip.decompress(packed), np.uint8, offset=header)

    def part(name: str) -> Samples:
        images = read(f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
        return Samples(images, read(f"{name}-labels-idx1-ubyte.gz", 8).astype(int))

    return part("train"), part("t10k")


def test_a_small_network_reads_97_percent_of_mnist_after_two_epochs() -> None:
    rng = np.random.default_rng(0)
    sizes = [784, 256, 128, 10]
    dense = [DenseLayer(i, o, initializers.he_normal(rng, (i, o), i)) for i, o in pairwise(sizes)]
    net = Network(
        [FlattenLayer(), dense[0], ReLU(), dense[1], ReLU(), dense[2], Softmax()], CrossEntropy()
    )
    training, test = mnist()

    train(net, training, Plan(Adam(0.002), Cosine(), epochs=2, validation_split=0, threads=2))

    assert test.labels is not None
    predicted = net.predict(test.x.astype(np.float32) / 255).argmax(axis=1)
    assert np.mean(predicted == test.labels) >= 0.97
