"""A training child, without its process: what it makes of what its trainer asks."""

from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import pytest

from app.domain.definitions import build
from app.domain.presets import PRESETS
from app.domain.records import Job
from app.formats import tensors
from app.store import datasets
from app.trainer import messages
from app.trainer.messages import Message
from app.trainer.run import Run
from engine import CrossEntropy, Network
from engine.batches import split
from engine.calibration import temperature

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
        "seconds": 0.0,
        "initial": False,
    }


def reports(pipe: Connection) -> list[Message]:
    """Everything that the child has said."""
    return last_of(pipe)[0]


def last_of(pipe: Connection) -> tuple[list[Message], bytes]:
    """The same, and the bytes that came with its last."""
    said, content = [], b""
    while pipe.poll():
        message, content = messages.receive(pipe)
        said.append(message)
    return said, content


def test_a_child_that_is_told_to_finish_leaves_a_model(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe
    messages.send(ours, FINISH)

    Run(childs, message_of(job, epochs=1000), b"").report()

    last = reports(ours)[-1]
    assert (last["type"], last["stopped_by"]) == ("succeeded", "median_stopping")


@pytest.mark.parametrize(("epoch", "step"), [(0, 1), (2, 3), (3, 0), (3, 8)])
def test_a_replay_ends_where_it_is_to_end_however_long_it_takes(
    pipe: tuple[Connection, Connection], job: Job, epoch: int, step: int
) -> None:
    ours, childs = pipe
    end = {"epoch": epoch, "step": step}
    stop_after = {**end, "stopped_by": "max_seconds"}
    config = {"epochs": 1000, "max_seconds": 1e-9, "stop_after": stop_after}

    Run(childs, message_of(job, **config), b"").report()

    said = reports(ours)
    assert said[-1]["stopped_by"] == "max_seconds"
    assert said[-1]["receipt"]["ended_after"] == end
    assert sum(one["type"] == "epoch" for one in said) == epoch


def test_a_child_says_where_its_epochs_ran_out(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe

    Run(childs, message_of(job, epochs=2), b"").report()

    last = reports(ours)[-1]
    assert last["stopped_by"] is None
    assert last["receipt"]["ended_after"] == {"epoch": 2, "step": 0}


def test_a_child_that_is_told_to_stop_leaves_a_checkpoint(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe
    messages.send(ours, STOP)

    Run(childs, message_of(job, epochs=1000), b"").report()

    assert [said["type"] for said in reports(ours)][-2:] == ["checkpoint", "stopped"]


def the_network(weights: bytes) -> Network:
    """What a child left."""
    network = build(PRESETS["linear"].definition, seed=0)
    network.loss = CrossEntropy()
    tensors.unpack_weights(weights, network.layers)
    return network


def test_a_model_is_calibrated_on_what_was_held_out(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe
    smoothing = {"type": "cross_entropy", "label_smoothing": 0.5}  # it learns to be unsure

    Run(childs, message_of(job, loss=smoothing, validation_split=0.5, epochs=10), b"").report()

    said, weights = last_of(ours)
    network = the_network(weights)
    examples = datasets.read("mnist", "train")
    held_out = split(1000, 0.5, job.config["seed"])[1]
    z = Network(network.layers[:-1]).predict(examples.images[held_out] / 255)
    assert said[-1]["receipt"]["temperature"] < 0.8
    assert temperature(z, examples.labels[held_out]) == pytest.approx(1, rel=1e-3)


def test_a_models_figures_are_those_of_the_calibrated_network(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe

    Run(childs, message_of(job, epochs=3), b"").report()

    said, weights = last_of(ours)
    network = the_network(weights)
    test = datasets.read("mnist", "test")
    labels = np.eye(10)[test.labels]
    loss = network.calculate_loss(test.images / 255, labels).mean()
    assert said[-1]["metrics"]["test_loss"] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("config", [{"validation_split": 0.0}, {"loss": {"type": "mse"}}])
def test_without_validation_or_cross_entropy_there_is_no_temperature(
    pipe: tuple[Connection, Connection], job: Job, config: Any
) -> None:
    ours, childs = pipe

    Run(childs, message_of(job, **config), b"").report()

    assert reports(ours)[-1]["receipt"]["temperature"] is None
