"""A training child, without its process: what it makes of what its trainer asks."""

from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import pytest

from app.domain.datasets import SPLITS
from app.domain.records import Job
from app.store import mnist
from app.trainer import messages
from app.trainer.learned import Learned
from app.trainer.messages import Message
from app.trainer.run import Run

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
        "seconds": 0.0,
        "initial": False,
    }


def reports(pipe: Connection) -> list[Message]:
    """Everything that the child has said."""
    said = []
    while pipe.poll():
        said.append(messages.receive(pipe)[0])
    return said


def test_a_child_that_is_told_to_finish_leaves_a_model(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe
    messages.send(ours, FINISH)

    Run(childs, message_of(job, epochs=1000), b"", MNIST).report()

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

    Run(childs, message_of(job, **config), b"", MNIST).report()

    said = reports(ours)
    assert said[-1]["stopped_by"] == "max_seconds"
    assert said[-1]["receipt"]["ended_after"] == end
    assert sum(one["type"] == "epoch" for one in said) == epoch


def test_a_child_says_where_its_epochs_ran_out(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe

    Run(childs, message_of(job, epochs=2), b"", MNIST).report()

    last = reports(ours)[-1]
    assert last["stopped_by"] is None
    assert last["receipt"]["ended_after"] == {"epoch": 2, "step": 0}


def test_a_child_that_is_told_to_stop_leaves_a_checkpoint(
    pipe: tuple[Connection, Connection], job: Job
) -> None:
    ours, childs = pipe
    messages.send(ours, STOP)

    Run(childs, message_of(job, epochs=1000), b"", MNIST).report()

    assert [said["type"] for said in reports(ours)][-2:] == ["checkpoint", "stopped"]
