"""Attempts at jobs, with a real child process and a real database."""

import gzip
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

import app
import engine
from app.children.readers import ReaderLimits, Readers
from app.domain import ids
from app.domain.datasets import Dataset, DatasetLimits
from app.domain.jobs import JobConfig, JobRequest
from app.domain.presets import PRESETS
from app.domain.records import Job, Json, Sweep
from app.domain.sweeps import MedianStopping
from app.formats import familiarity
from app.services import datasets
from app.store import aliases, jobs, models, sweeps
from app.store.blobs import Blobs
from app.store.database import Database
from app.store.tables import blobs
from app.trainer.attempt import CRASHES, Attempts, TrainerSettings
from tests.dataset_files import arrays, npz
from tests.processes import children

SETTINGS = TrainerSettings(
    "trainer-0",
    threads=1,
    checkpoint_seconds=0.01,
    stall_seconds=60,
    memory_bytes=2**31,
    max_seconds=600,
)
SETTINGS_WITHOUT_CHECKPOINTS = replace(SETTINGS, checkpoint_seconds=60)


def with_config(job: Job, **changes: Any) -> Job:
    config = JobConfig.model_validate({**job.config, **changes})
    return replace(job, config=config.model_dump(mode="json"))


def attempt(database: Database, job: Job, settings: TrainerSettings = SETTINGS) -> Job:
    """Run a job to its end, as a trainer does; what became of it."""
    with database.writing() as connection:
        jobs.insert(connection, job)
    Attempts(database, Blobs(), settings, threading.Event()).run(job.id, 0)
    with database.reading() as connection:
        found = jobs.get(connection, job.id)
    assert found is not None
    return found


def test_a_job_leaves_a_model_a_receipt_and_events(database: Database, job: Job) -> None:
    ended = attempt(database, with_config(job, epochs=2, alias="digits"))

    assert (ended.status, ended.attempt, ended.error) == ("succeeded", 1, None)
    assert [entry["epoch"] for entry in ended.history] == [1, 2]
    assert ended.receipt is not None
    assert ended.receipt["seed"] == job.config["seed"]
    with database.reading() as connection:
        (model,) = models.page(connection, None, 10).records
        assert model.job_id == job.id
        assert model.sha256 == ended.receipt["weights_sha256"]
        assert len(Blobs().get(connection, model.sha256)) == model.size_bytes
        assert model.familiarity_sha256 is not None
        familiarity.unpack(Blobs().get(connection, model.familiarity_sha256)).check((1, 28, 28))
        alias = aliases.get(connection, "digits")
        assert alias is not None
        assert alias.model_id == model.id
        events = [event.event for event in jobs.events(connection, job.id, 0)]
    assert events.count("epoch") == 2
    assert events[-2:] == ["status", "end"]
    assert ended.checkpoint_sha256 is None


def test_threads_have_no_influence_on_the_weights(database: Database, job: Job) -> None:
    twin = replace(job, id=job.id[:-1] + ("0" if job.id[-1] != "0" else "1"))

    first = attempt(database, job)
    second = attempt(database, twin, replace(SETTINGS, threads=2))

    assert first.receipt is not None
    assert second.receipt is not None
    assert first.receipt["weights_sha256"] == second.receipt["weights_sha256"]


def test_a_job_that_diverges_says_where_and_what_to_try(database: Database, job: Job) -> None:
    deep = replace(job, definition=PRESETS["mlp"].definition.model_dump(mode="json"))
    wild = {"type": "sgd", "learning_rate": 100.0, "momentum": 0.9}

    ended = attempt(database, with_config(deep, optimizer=wild, epochs=50))

    assert ended.status == "failed"
    assert ended.error is not None
    assert ended.error["code"] == "diverged"
    assert {"epoch", "step", "layer", "learning_rate"} <= set(ended.error)
    suggestion = JobRequest.model_validate(ended.error["suggestion"])
    assert suggestion.optimizer.learning_rate == pytest.approx(0.1)


@pytest.fixture
def copied_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The datasets of a copy of the service, which is what children started here run."""
    for package in (app, engine):
        source = Path(package.__path__[0])
        shutil.copytree(source, tmp_path / source.name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "app" / "data" / "mnist"


@pytest.mark.parametrize("split", ["train", "t10k"])
@pytest.mark.parametrize("content", [None, b"no gzip", gzip.compress(b"other digits")])
def test_a_job_whose_dataset_is_damaged_fails_at_once(
    database: Database, job: Job, copied_data: Path, split: str, content: bytes | None
) -> None:
    path = copied_data / f"{split}-images-idx3-ubyte.gz"
    path.unlink()
    if content is not None:
        path.write_bytes(content)

    ended = attempt(database, job)

    assert (ended.status, ended.attempt, ended.crashes) == ("failed", 1, 0)
    assert ended.error is not None
    assert ended.error["code"] == "dataset_gone"
    assert ended.error["suggestion"] is None
    assert f"{split}-images-idx3-ubyte" in ended.error["detail"]


def test_a_job_whose_dataset_is_cut_short_fails_at_once(
    database: Database, job: Job, copied_data: Path
) -> None:
    path = copied_data / "train-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:1000])

    ended = attempt(database, job)

    assert ended.attempt == 1
    assert ended.error is not None
    assert ended.error["code"] == "dataset_gone"


def test_a_job_that_needs_more_memory_than_it_may_have_fails_with_a_way_out(
    database: Database, job: Job
) -> None:
    wide = {"type": "dense", "output_dim": 2000}
    layers = [{"type": "flatten"}, wide, wide, {"type": "dense", "output_dim": 10}]
    definition = {"input_shape": [1, 28, 28], "layers": [*layers, {"type": "softmax"}]}
    large = replace(with_config(job, batch_size=1000), definition=definition, preset=None)

    ended = attempt(database, large, replace(SETTINGS, memory_bytes=2**27))

    assert (ended.status, ended.attempt, ended.crashes) == ("failed", 1, 0)
    assert ended.error is not None
    assert ended.error["code"] == "out_of_memory"
    assert ended.error["suggestion"]["batch_size"] == 250


def test_a_job_whose_dataset_is_not_there_any_more_fails_at_once(
    database: Database, job: Job
) -> None:
    ended = attempt(database, with_config(job, dataset="letters"))

    assert (ended.status, ended.attempt, ended.crashes) == ("failed", 1, 0)
    assert ended.error is not None
    assert ended.error["code"] == "dataset_gone"
    assert "'letters'" in ended.error["detail"]
    assert "/v1/datasets" in ended.error["detail"]
    assert ended.error["suggestion"] is None


def of_noise(database: Database) -> Dataset:
    """A dataset of its own in the database."""
    limits = DatasetLimits(bytes=2**24, samples=1000, classes=10, pixels=1000)
    reading = ReaderLimits(seconds=60, memory_bytes=2**30, at_once=1)
    with TemporaryFile() as file:
        file.write(npz(arrays()))
        draft = datasets.read(Readers(reading), file, None, Blobs(), limits)
    with database.writing() as connection:
        return datasets.store(connection, draft, "noise")


def on(dataset: Dataset, job: Job) -> Job:
    learns = {"dataset": dataset.name, "train_samples": None, "dataset_version": dataset.version}
    return with_config(job, **learns, dataset_sha256=dataset.sha256)


def test_a_job_learns_a_dataset_from_the_database(database: Database, job: Job) -> None:
    dataset = of_noise(database)

    ended = attempt(database, on(dataset, job))

    assert ended.status == "succeeded", ended.error
    assert ended.receipt is not None
    assert ended.receipt["dataset_sha256"] == dataset.sha256


def test_a_job_whose_datasets_samples_are_lost_fails_at_once(database: Database, job: Job) -> None:
    dataset = of_noise(database)
    with database.writing() as connection:
        connection.execute(blobs.delete())

    ended = attempt(database, on(dataset, job))

    assert (ended.status, ended.attempt, ended.crashes) == ("failed", 1, 0)
    assert ended.error is not None
    assert ended.error["code"] == "dataset_gone"
    assert "'noise'" in ended.error["detail"]


def test_a_job_does_not_learn_another_dataset_of_the_same_name(
    database: Database, job: Job
) -> None:
    other = replace(of_noise(database), classes=["other"] * 10)

    ended = attempt(database, on(other, job))

    assert ended.error is not None
    assert ended.error["code"] == "dataset_gone"


def in_a_sweep(
    database: Database, job: Job, rule: MedianStopping | None, accuracies: list[list[float]]
) -> Job:
    """A job that is the last trial of a sweep whose others have these validation accuracies."""
    sweep_id = ids.new_id("swp")
    trial = replace(job, sweep_id=sweep_id)
    others = [
        replace(
            trial,
            id=ids.new_id("job"),
            history=[{"epoch": i, "val_accuracy": value} for i, value in enumerate(values, 1)],
        )
        for values in accuracies
    ]
    sweep = Sweep(
        id=sweep_id,
        created_at=job.created_at,
        metric="val_accuracy",
        trials=[{"job_id": one.id, "parameters": {}} for one in (*others, trial)],
        median_stopping=None if rule is None else rule.model_dump(mode="json"),
    )
    with database.writing() as connection:
        sweeps.insert(connection, sweep)
        for one in others:
            jobs.insert(connection, one)
    return trial


GOOD = [[1.0] * 1000] * 3


@pytest.mark.parametrize("grace_epochs", [0, 1, 3])
def test_a_trial_that_falls_behind_is_stopped_and_leaves_a_model(
    database: Database, job: Job, grace_epochs: int
) -> None:
    rule = MedianStopping(grace_epochs=grace_epochs)
    trial = in_a_sweep(database, with_config(job, epochs=1000), rule, GOOD)

    ended = attempt(database, trial)

    assert (ended.status, ended.stopped_by) == ("succeeded", "median_stopping")
    assert grace_epochs < len(ended.history) < 1000
    assert ended.receipt is not None
    with database.reading() as connection:
        (model,) = models.page(connection, None, 10).records
    assert model.sha256 == ended.receipt["weights_sha256"]
    assert model.metrics["test_accuracy"] > 0.2


def test_a_trial_that_falls_behind_leaves_the_best_weights_where_they_are_watched_for(
    database: Database, job: Job
) -> None:
    changes: Json = {"epochs": 1000, "schedule": {"type": "constant"}}
    patient = with_config(job, **changes, early_stopping={"patience": 1000})
    rule = MedianStopping(grace_epochs=40)

    ended = attempt(database, in_a_sweep(database, patient, rule, GOOD))

    assert ended.stopped_by == "median_stopping"
    assert ended.best is not None
    assert ended.best["epoch"] < len(ended.history)
    whole = with_config(job, **{**changes, "epochs": ended.best["epoch"]})
    expected = attempt(database, replace(whole, id=ids.new_id("job")))
    assert ended.receipt is not None
    assert expected.receipt is not None
    assert ended.receipt["weights_sha256"] == expected.receipt["weights_sha256"]


@pytest.mark.parametrize(
    ("rule", "others"),
    [
        (None, GOOD),
        (MedianStopping(), GOOD[:2]),
        (MedianStopping(), [[0.0] * 1000] * 3),
        (MedianStopping(), [[1.0]] * 3),
        (MedianStopping(grace_epochs=5), GOOD),
    ],
)
def test_a_trial_that_does_not_fall_behind_trains_to_its_end(
    database: Database, job: Job, rule: MedianStopping | None, others: list[list[float]]
) -> None:
    trial = in_a_sweep(database, with_config(job, epochs=5), rule, others)

    ended = attempt(database, trial)

    assert (ended.status, ended.stopped_by) == ("succeeded", None)
    assert len(ended.history) == 5


def test_a_trial_that_ends_before_it_can_be_stopped_has_not_died(
    database: Database, job: Job
) -> None:
    rule = MedianStopping(grace_epochs=0)
    trial = in_a_sweep(database, with_config(job, epochs=3), rule, GOOD)
    with database.writing() as connection:
        jobs.insert(connection, trial)
    run = Attempts(database, Blobs(), SETTINGS_WITHOUT_CHECKPOINTS, threading.Event()).run
    thread = threading.Thread(target=run, args=(job.id, 0))

    thread.start()
    _wait_until_running(database, job.id)
    with database.writing() as connection:  # no epoch can be stored until the child has ended
        jobs.hold(connection, job.id)
        _wait_until_trained()
    thread.join()

    with database.reading() as connection:
        ended = jobs.get(connection, job.id)
    assert ended is not None
    assert (ended.status, ended.attempt, len(ended.history)) == ("succeeded", 1, 3)


def _wait_until_trained() -> None:
    """Wait for a child of this process to train, and to end: it has no command line then."""
    deadline = time.monotonic() + 60
    seen = False
    while time.monotonic() < deadline:
        trains = any("app.trainer.run" in command for command in children(os.getpid()).values())
        if seen and not trains:
            return
        seen = seen or trains
        time.sleep(0.05)
    raise AssertionError("the child still trains")


def test_a_trial_is_not_stopped_when_it_has_come_to_its_end(database: Database, job: Job) -> None:
    trial = in_a_sweep(database, with_config(job, epochs=2), MedianStopping(), GOOD)

    ended = attempt(database, trial)

    assert (ended.status, ended.stopped_by, len(ended.history)) == ("succeeded", None, 2)


def test_a_job_that_kills_its_process_again_and_again_has_failed(
    database: Database, job: Job
) -> None:
    impatient = replace(SETTINGS, stall_seconds=0.0)

    ended = attempt(database, job, impatient)

    assert (ended.status, ended.crashes) == ("failed", CRASHES)
    assert ended.error is not None
    assert ended.error["code"] == "process_died"
    assert ended.attempt == CRASHES + 1


def test_a_job_whose_checkpoint_is_lost_begins_anew(database: Database, job: Job) -> None:
    twin = replace(job, id=job.id[:-1] + ("0" if job.id[-1] != "0" else "1"))
    expected = attempt(database, twin)

    ended = attempt(database, replace(job, checkpoint_sha256="0" * 64))

    assert (ended.status, ended.crashes) == ("succeeded", 0)
    assert ended.receipt is not None
    assert expected.receipt is not None
    assert ended.receipt["weights_sha256"] == expected.receipt["weights_sha256"]


def test_a_stopped_trainer_leaves_a_job_that_goes_on_to_the_same_weights(
    database: Database, job: Job
) -> None:
    long = with_config(job, epochs=60, train_samples=20_000)
    undisturbed = replace(long, id=job.id[:-1] + ("0" if job.id[-1] != "0" else "1"))
    stop = threading.Event()
    with database.writing() as connection:
        jobs.insert(connection, long)
    thread = threading.Thread(
        target=Attempts(database, Blobs(), SETTINGS, stop).run, args=(job.id, 0)
    )

    thread.start()
    _wait_for_checkpoint(database, job.id)
    stop.set()
    thread.join()
    with database.reading() as connection:
        waiting = jobs.get(connection, job.id)
    Attempts(database, Blobs(), SETTINGS, threading.Event()).run(job.id, 0)

    assert waiting is not None
    assert (waiting.status, waiting.crashes) == ("queued", 0)
    assert 0 < len(waiting.history) < 60
    with database.reading() as connection:
        resumed = jobs.get(connection, job.id)
    assert resumed is not None
    expected = attempt(database, undisturbed)
    assert resumed.receipt is not None
    assert expected.receipt is not None
    assert resumed.receipt["weights_sha256"] == expected.receipt["weights_sha256"]
    losses = [[entry["train_loss"] for entry in one.history] for one in (resumed, expected)]
    assert losses[0] == losses[1]


def _wait_until_running(database: Database, job_id: str) -> None:
    for _ in range(600):
        with database.reading() as connection:
            job = jobs.get(connection, job_id)
        if job is not None and job.status == "running":
            return
        threading.Event().wait(0.01)
    pytest.fail("the job was not begun")


def _wait_for_checkpoint(database: Database, job_id: str) -> None:
    for _ in range(600):
        with database.reading() as connection:
            job = jobs.get(connection, job_id)
        if job is not None and job.checkpoint_sha256 is not None and job.history:
            return
        threading.Event().wait(0.05)
    pytest.fail("no checkpoint was written")
