"""A dataset goes through the pipe to the child, and is the same there."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import numpy as np
import pytest

from app.domain.datasets import SPLITS, Chunk, Contents, Dataset
from app.store import chunks, mnist
from app.store.chunks import Examples
from app.store.mnist import MNIST
from app.trainer import learned
from app.trainer.learned import Learned
from tests.dataset_files import images


@pytest.fixture
def pipe() -> Iterator[tuple[Connection, Connection]]:
    """The trainer's end, and the child's."""
    ours, childs = Pipe()
    yield ours, childs
    ours.close()
    childs.close()


PARTS = {
    name: Examples(images(count, count)[:, np.newaxis], np.arange(count) % 10)
    for name, count in (("one", 3), ("two", 4000))
}


def through(pipe: tuple[Connection, Connection], dataset: Dataset) -> Learned:
    """What a child makes of what its trainer sends."""
    ours, childs = pipe

    def send() -> None:
        learned.send(ours, dataset, lambda name: chunks.pack(PARTS[name]))

    thread = threading.Thread(target=send)
    thread.start()
    described = json.loads(json.dumps(learned.describe(dataset)))
    received = learned.receive(childs, described)
    thread.join()
    return received


def of_chunks(*parts: Chunk) -> Dataset:
    counts = (sum(part.samples for part in parts), *[0] * 9)
    empty = Contents((), (0,) * 10)
    return replace(MNIST, contents={"train": Contents(parts, counts), "test": empty})


def test_chunks_are_joined_in_their_order(pipe: tuple[Connection, Connection]) -> None:
    received = through(pipe, of_chunks(Chunk("two", 4000), Chunk("one", 3), Chunk("one", 3)))

    expected = chunks.join([PARTS["two"], PARTS["one"], PARTS["one"]], (1, 28, 28))
    assert np.array_equal(received["train"].images, expected.images)
    assert np.array_equal(received["train"].labels, expected.labels)
    assert received["test"].images.shape == (0, 1, 28, 28)


def test_mnist_is_not_sent(pipe: tuple[Connection, Connection]) -> None:
    received = through(pipe, MNIST)

    assert not pipe[1].poll()
    for split in SPLITS:
        assert received[split] is mnist.read(split)


def test_a_copy_of_mnist_has_what_was_added_after_it(pipe: tuple[Connection, Connection]) -> None:
    received = through(pipe, of_chunks(Chunk(None, 60_000), Chunk("one", 3)))

    train = received["train"]
    assert np.array_equal(train.images[:60_000], mnist.read("train").images)
    assert np.array_equal(train.labels[60_000:], PARTS["one"].labels)
