"""Datasets in either database: versions stay, chunks go with the last dataset that has them."""

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from app.domain import clock, ids
from app.domain.datasets import NOTHING, SPLITS, Chunk, Contents, Dataset, Split
from app.domain.records import Job
from app.store import chunks, datasets, jobs, mnist
from app.store.blobs import Blobs, needed
from app.store.chunks import Examples
from app.store.database import ChangedMeanwhile, Database
from app.store.datasets import NewChunk
from app.store.mnist import MNIST
from app.store.tables import blobs, dataset_chunks, dataset_versions
from tests.dataset_files import images


def examples(seed: int, count: int = 5) -> Examples:
    return Examples(images(count, seed)[:, np.newaxis], np.arange(count) % 2)


def new_chunk(seed: int, count: int = 5) -> NewChunk:
    some = examples(seed, count)
    return NewChunk(Blobs().upload(chunks.pack(some)), chunks.fingerprints(some.images))


def dataset_of(name: str, **seeds: int) -> tuple[Dataset, list[NewChunk]]:
    """A dataset with a chunk of five samples in some of its splits."""
    made = {split: new_chunk(seed) for split, seed in seeds.items()}
    contents: dict[Split, Contents] = {}
    for split in SPLITS:
        if split in made:
            digest = chunks.extend(NOTHING, examples(seeds[split]))
            contents[split] = Contents((Chunk(made[split].blob.sha256, 5),), (3, 2), digest)
        else:
            contents[split] = Contents((), (0, 0))
    dataset = Dataset(
        id=ids.new_id("dst"),
        name=name,
        created_at=clock.now(),
        sample_shape=(1, 28, 28),
        classes=["a", "b"],
        version=1,
        contents=contents,
    )
    return dataset, list(made.values())


def grown(dataset: Dataset, seed: int) -> tuple[Dataset, NewChunk]:
    """The next version, with five training samples more."""
    new = new_chunk(seed)
    train = dataset.contents["train"]
    digest = chunks.extend(train.digest, examples(seed))
    more = Contents((*train.chunks, Chunk(new.blob.sha256, 5)), (6, 4), digest)
    contents = {**dataset.contents, "train": more}
    return replace(dataset, version=dataset.version + 1, contents=contents), new


def stored(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(sa.select(blobs.c.sha256)).scalars())


def test_a_dataset_is_read_as_it_was_written(database: Database) -> None:
    dataset, made = dataset_of("mine", train=1, test=2)

    with database.writing() as connection:
        datasets.insert(connection, dataset, made)

    with database.reading() as connection:
        assert datasets.get(connection, "mine") == dataset
        assert datasets.get(connection, "mnist") is MNIST
        assert datasets.get(connection, "letters") is None
        assert datasets.names(connection, 10) == ["mnist", "mine"]
    assert stored(database) == {one.blob.sha256 for one in made}


def test_every_version_stays(database: Database) -> None:
    first, made = dataset_of("mine", train=1)
    second, new = grown(first, 2)
    with database.writing() as connection:
        datasets.insert(connection, first, made)
        datasets.add_version(connection, second, [new])

    with database.reading() as connection:
        assert datasets.get(connection, "mine") == second
        assert datasets.at(connection, "mine", 1, first.sha256) == first
        assert datasets.at(connection, "mine", 2, second.sha256) == second
        assert datasets.at(connection, "mine", 1, second.sha256) is None
        assert datasets.at(connection, "mine", 3, second.sha256) is None


def test_a_job_of_the_first_days_learnt_mnist(database: Database) -> None:
    with database.reading() as connection:
        assert datasets.of_job(connection, {"dataset": "mnist"}) is MNIST
        assert datasets.of_job(connection, {"dataset": "mine"}) is None


def test_names_are_unique(database: Database) -> None:
    for_one, for_other = dataset_of("mine", train=1), dataset_of("mine", train=2)
    with database.writing() as connection:
        datasets.insert(connection, *for_one)

    with pytest.raises(ChangedMeanwhile), database.writing() as connection:
        datasets.insert(connection, *for_other)


def test_chunks_go_with_the_last_dataset_that_has_them(database: Database) -> None:
    source, made = dataset_of("source", train=1, test=2)
    own, new = grown(source, 3)
    copied = replace(source, id=ids.new_id("dst"), name="copied")
    with database.writing() as connection:
        datasets.insert(connection, source, made)
        datasets.copy(connection, source, copied)
        datasets.add_version(connection, own, [new])
    shared = {one.blob.sha256 for one in made}
    assert stored(database) == {*shared, new.blob.sha256}

    with database.writing() as connection:
        datasets.delete(connection, own)
    assert stored(database) == shared
    with database.reading() as connection:
        assert datasets.get(connection, "copied") == copied
        assert needed(connection) == shared

    with database.writing() as connection:
        datasets.delete(connection, copied)
        for table in (dataset_versions, dataset_chunks):
            assert connection.execute(sa.select(table)).first() is None
    assert stored(database) == set()


def test_a_chunk_that_is_there_twice_is_stored_once(database: Database) -> None:
    dataset, made = dataset_of("mine", train=1, test=1)

    with database.writing() as connection:
        datasets.insert(connection, dataset, made)
        prints = [datasets.fingerprints(connection, dataset, split) for split in SPLITS]

    assert len(stored(database)) == 1
    assert all(np.array_equal(p, made[0].fingerprints) for p in prints)


def test_fingerprints_are_those_of_all_samples_in_their_order(database: Database) -> None:
    copied = replace(MNIST, id=ids.new_id("dst"), name="copied", created_at=clock.now())
    second, new = grown(replace(copied, classes=["a", "b"]), 1)
    with database.writing() as connection:
        datasets.copy(connection, MNIST, copied)
        datasets.add_version(connection, second, [new])
        prints = datasets.fingerprints(connection, second, "train")

    assert np.array_equal(prints[:60_000], mnist.known("train"))
    assert np.array_equal(prints[60_000:], new.fingerprints)


def test_pages_have_the_newest_first_and_mnist_at_the_end(database: Database) -> None:
    with database.writing() as connection:
        for i, name in enumerate(("one", "two")):
            datasets.insert(connection, replace(dataset_of(name)[0], id=f"dst_{i}"), [])

    for limit in (1, 2, 3, 4):
        seen: list[str] = []
        after = None
        with database.reading() as connection:
            while True:
                page = datasets.page(connection, after, limit)
                seen += [dataset.name for dataset in page.records]
                after = page.next_id
                if after is None:
                    break
        assert seen == ["two", "one", "mnist"]


def test_the_jobs_that_need_a_dataset_have_not_ended(database: Database, job: Job) -> None:
    with database.writing() as connection:
        for status in ("queued", "running", "paused", "succeeded", "failed", "cancelled"):
            config = {**job.config, "dataset": "mine"}
            jobs.insert(connection, replace(job, id=status, status=status, config=config))
        jobs.insert(connection, job)

        assert sorted(datasets.users(connection, "mine")) == ["paused", "queued", "running"]
