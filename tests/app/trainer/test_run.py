"""A training child, without its process: what it makes of what its trainer asks."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pytest

from app.children import messages
from app.children.messages import Message
from app.domain.datasets import SPLITS
from app.domain.definitions import build
from app.domain.presets import PRESETS
from app.domain.records import Job
from app.formats import familiarity, tensors
from app.store import mnist
from app.trainer.learned import Learned
from app.trainer.run import Run
from engine import CrossEntropy, Network
from engine.batches import split
from engine.calibration import temperature
from engine.familiarity import learn
from engine.parallel import single_threaded_blas

MNIST: Learned = {split: mnist.read(split) for split in SPLITS}
FINISH = {"type": "finish", "stopped_by": "median_stopping"}
STOP = {"type": "stop"}


@pytest.fixture
def pipe() -> Iterator[tuple[Connection, Connection]]:
    """The trainer's end, and the child's."""
    ours, childs = Pipe()
    yield ours, childs
    ours.close()
    childs.close()


def message_of(job: Job, **config: Any) -> Message:
    return {
        "definition": job.definition,
        "config": {**job.config, **config},
        "threads": 1,
        "checkpoint_seconds": 60.0,
        "max_seconds": 600,
        "seconds": 0.0,
        "initial": False,
    }


def run(pipe: tuple[Connection, Connection], message: Message) -> list[tuple[Message, bytes]]:
    """Everything that a child says; it is read meanwhile, for a pipe holds only so much."""
    ours, childs = pipe
    with ThreadPoolExecutor(1) as reader:
        said = reader.submit(lambda: list(iter_until_closed(ours)))
        try:
            Run(childs, message, b"", MNIST).report()
        finally:
            childs.close()
    return said.result()


def iter_until_closed(pipe: Connection) -> Iterator[tuple[Message, bytes]]:
    with contextlib.suppress(EOFError):
        while True:
            yield messages.receive(pipe)


def reports(pipe: tuple[Connection, Connection], message: Message) -> list[Message]:
    """The same without the bytes."""
    return [said for said, _ in run(pipe, message)]


def test_a_child_that_is_told_to_finish_leaves_a_model(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    messages.send(pipe[0], FINISH)

    last = reports(pipe, message_of(job, epochs=1000))[-1]

    assert (last["type"], last["stopped_by"]) == ("succeeded", "median_stopping")


@pytest.mark.parametrize(("epoch", "step"), [(0, 1), (2, 3), (3, 0), (3, 8)])
def test_a_replay_ends_where_it_is_to_end_however_long_it_takes(
    pipe: tuple[Connection, Connection], job: Job, epoch: int, step: int
) -> None:
    end = {"epoch": epoch, "step": step}
    stop_after = {**end, "stopped_by": "max_seconds"}
    config = {"epochs": 1000, "max_seconds": 1e-9, "stop_after": stop_after}

    said = reports(pipe, message_of(job, **config))

    assert said[-1]["stopped_by"] == "max_seconds"
    assert said[-1]["receipt"]["ended_after"] == end
    assert sum(one["type"] == "epoch" for one in said) == epoch


def test_a_child_says_where_its_epochs_ran_out(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    last = reports(pipe, message_of(job, epochs=2))[-1]

    assert last["stopped_by"] is None
    assert last["receipt"]["ended_after"] == {"epoch": 2, "step": 0}


def test_a_child_that_is_told_to_stop_leaves_a_checkpoint(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    messages.send(pipe[0], STOP)

    said = reports(pipe, message_of(job, epochs=1000))

    assert [one["type"] for one in said][-2:] == ["checkpoint", "stopped"]


def the_network(weights: bytes) -> Network:
    """What a child left."""
    network = build(PRESETS["linear"].definition, seed=0)
    network.loss = CrossEntropy()
    tensors.unpack_weights(weights, network.layers)
    return network


def test_a_model_is_calibrated_on_what_was_held_out(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    smoothing = {"type": "cross_entropy", "label_smoothing": 0.5}  # it learns to be unsure

    config = {"loss": smoothing, "validation_split": 0.5, "epochs": 10}
    last, weights = run(pipe, message_of(job, **config))[-1]

    network = the_network(weights)
    examples = mnist.read("train")
    held_out = split(1000, 0.5, job.config["seed"])[1]
    z = Network(network.layers[:-1]).predict(examples.images[held_out] / 255)
    assert last["receipt"]["temperature"] < 0.8
    assert temperature(z, examples.labels[held_out]) == pytest.approx(1, rel=1e-3)


def test_a_models_figures_are_those_of_the_calibrated_network(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    last, weights = run(pipe, message_of(job, epochs=3))[-1]

    network = the_network(weights)
    test = mnist.read("test")
    labels = np.eye(10)[test.labels]
    loss = network.calculate_loss(test.images / 255, labels).mean()
    assert last["metrics"]["test_loss"] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("config", [{"validation_split": 0.0}, {"loss": {"type": "mse"}}])
def test_without_validation_or_cross_entropy_there_is_no_temperature(
    pipe: tuple[Connection, Connection], job: Job, config: Any
) -> None:
    last = reports(pipe, message_of(job, **config))[-1]

    assert last["receipt"]["temperature"] is None


@pytest.mark.parametrize("config", [{}, {"loss": {"type": "mse"}, "seed": 2}])
def test_before_its_model_a_child_says_what_its_samples_look_like(
    pipe: tuple[Connection, Connection], job: Job, config: Any
) -> None:
    examples = mnist.read("train")
    digits = mnist.read("test").images.astype(np.float32) / 255

    *_, (before, content), (last, _) = run(pipe, message_of(job, **config))

    assert (before["type"], last["type"]) == ("familiarity", "succeeded")
    assert np.mean(familiarity.unpack(content).score(digits) > 0.5) > 0.97
    with single_threaded_blas():  # whatever the job, it is the same for the same samples
        known = learn(examples.images[:1000], examples.labels[:1000])
    assert known is not None
    assert content == familiarity.pack(known)


def test_of_a_few_samples_a_child_cannot_say_what_they_look_like(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    said = reports(pipe, message_of(job, train_samples=100))

    assert "familiarity" not in [one["type"] for one in said]
