"""Samples are kept in memory where they were used before, within a bound."""

from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from app.children.readers import ReaderLimits, Readers
from app.domain.datasets import Dataset, DatasetLimits
from app.domain.errors import NotFound
from app.services import datasets
from app.services.examples import ExampleReader
from app.store import datasets as store
from app.store.blobs import Blobs, CorruptBlob
from app.store.database import Database
from app.store.mnist import MNIST
from app.store.tables import blobs
from tests.dataset_files import arrays, npz

LIMITS = DatasetLimits(bytes=2**24, samples=10_000, classes=10, pixels=1000)
READING = ReaderLimits(seconds=60, memory_bytes=2**30, at_once=1)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'test.db'}")
    made.migrate()
    return made


def insert(database: Database, tmp_path: Path, name: str = "mine", samples: int = 40) -> Dataset:
    path = tmp_path / "data.npz"
    path.write_bytes(npz(arrays(train=samples)))
    with path.open("rb") as file:
        draft = datasets.read(Readers(READING), file, None, Blobs(), LIMITS)
    with database.writing() as connection:
        return datasets.store(connection, draft, name)


def lose_everything(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(blobs.delete())


def test_what_was_read_is_not_read_again(database: Database, tmp_path: Path) -> None:
    dataset = insert(database, tmp_path)
    reader = ExampleReader(database, Blobs())
    before = reader.read(dataset, "train")
    lose_everything(database)

    again = reader.read(dataset, "train")

    assert again is before
    assert np.array_equal(again.images[:, 0], arrays()["x_train"])
    with pytest.raises(CorruptBlob):
        reader.read(dataset, "test")


def test_memory_is_bounded(database: Database, tmp_path: Path) -> None:
    dataset = insert(database, tmp_path)
    reader = ExampleReader(database, Blobs(), kept_bytes=40 * 784)
    reader.read(dataset, "train")
    reader.read(dataset, "test")
    lose_everything(database)

    with pytest.raises(CorruptBlob):
        reader.read(dataset, "train")
    assert len(reader.read(dataset, "test").labels) == 20


def test_samples_are_found_across_chunks(database: Database, tmp_path: Path) -> None:
    dataset = insert(database, tmp_path, samples=6000)
    assert len(dataset.contents["train"].chunks) == 2
    reader = ExampleReader(database, Blobs())

    for index in (0, 5348, 5349, 5350, 5999):
        image, label = reader.sample(dataset, "train", index)
        assert np.array_equal(image[0], arrays(train=6000)["x_train"][index])
        assert label == index % 10
    found = reader.labels(dataset, "train", 3, 5340, 4)
    assert found == [(5343, 3), (5353, 3), (5363, 3), (5373, 3)]
    for index in (-1, 6000):
        with pytest.raises(NotFound):
            reader.sample(dataset, "train", index)


def test_a_dataset_that_was_deleted_in_between_is_not_found(
    database: Database, tmp_path: Path
) -> None:
    dataset = insert(database, tmp_path)
    with database.writing() as connection:
        store.delete(connection, dataset)

    with pytest.raises(NotFound):
        ExampleReader(database, Blobs()).read(dataset, "train")


def test_mnist_is_read_from_the_package(database: Database) -> None:
    reader = ExampleReader(database, Blobs())

    assert len(reader.read(MNIST, "test").labels) == 10_000
    with database.reading() as connection:
        assert connection.execute(sa.select(blobs)).first() is None
