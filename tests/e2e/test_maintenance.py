"""Backup, restore and fsck, by the command line, beside a service that works."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cluster import Cluster
from tests.conftest import wait_until_ended
from tests.dataset_files import arrays, npz, png
from tests.e2e.test_datasets import uploaded
from tests.e2e.test_samples import add, digit
from tests.object_storage import S3
from tests.postgresql import PostgreSQL

LONG = {"preset": "mlp", "epochs": 12, "train_samples": 20_000, "seed": 5, "alias": "digits"}


@pytest.fixture
def clusters(tmp_path: Path) -> Iterator[list[Cluster]]:
    made: list[Cluster] = []
    yield made
    for one in made:
        one.stop()


@pytest.fixture
def small(tmp_path: Path, clusters: list[Cluster]) -> Cluster:
    """On one file."""
    (tmp_path / "small").mkdir()
    clusters.append(Cluster(tmp_path / "small", {}))
    return clusters[-1]


@pytest.fixture
def large(tmp_path: Path, clusters: list[Cluster], postgresql: PostgreSQL, s3: S3) -> Cluster:
    """On PostgreSQL and object storage."""
    (tmp_path / "large").mkdir()
    places = {
        "MNISTRY_DATABASE_URL": postgresql.new_database(),
        "MNISTRY_ARTIFACTS_URL": f"s3://{s3.new_bucket()}/artifacts",
    }
    clusters.append(Cluster(tmp_path / "large", {**places, **s3.environment}))
    return clusters[-1]


def in_the_middle(client: httpx.Client) -> str:
    """A job that has been checkpointed and has far to go."""
    job: dict[str, str] = client.post("/v1/jobs", json=LONG).json()
    for _ in range(600):
        if len(client.get(f"/v1/jobs/{job['id']}").json()["history"]) >= 3:
            return job["id"]
        time.sleep(0.02)
    raise AssertionError("the job does not get on")


@pytest.mark.parametrize(("before", "after"), [("small", "large"), ("large", "small")])
def test_a_backup_of_one_kind_of_service_is_restored_into_the_other_and_goes_on(
    before: str, after: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Cluster = request.getfixturevalue(before)
    target: Cluster = request.getfixturevalue(after)
    api = source.serve()
    source.wait_until_ready()
    with httpx.Client(base_url=api.url, timeout=70) as client:
        tiny = {"preset": "linear", "epochs": 1, "train_samples": 1000, "alias": "tiny"}
        first = wait_until_ended(client, client.post("/v1/jobs", json=tiny).json()["id"])
        long = in_the_middle(client)

        written = source.run("backup", str(tmp_path / "backup"))
        assert written.returncode == 0, written.stderr
        assert "2 jobs, 1 models, 1 aliases" in written.stdout
        assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
        undisturbed = wait_until_ended(client, long)
    assert sound(source) == "2 jobs, 2 models, 4 blobs: no problems\n"

    restored = target.run("restore", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr

    again = target.serve()
    target.wait_until_ready()
    with httpx.Client(base_url=again.url, timeout=70) as client:
        assert client.get("/v1/aliases/tiny").json()["model_id"] == first["model_id"]
        png = client.get("/v1/datasets/mnist/samples/0").content
        answer = client.post("/v1/models/tiny/predict", files={"files": png})
        assert answer.status_code == 200
        job = wait_until_ended(client, long)
    assert job["status"] == "succeeded", job["error"]
    assert job["receipt"]["weights_sha256"] == undisturbed["receipt"]["weights_sha256"]
    assert len(job["history"]) == LONG["epochs"]
    assert sound(target) == "2 jobs, 2 models, 4 blobs: no problems\n"
    target.stop()
    assert "empty" in target.run("restore", str(tmp_path / "backup")).stderr


@pytest.mark.parametrize(("before", "after"), [("small", "large"), ("large", "small")])
def test_datasets_are_in_a_backup(
    before: str, after: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    source: Cluster = request.getfixturevalue(before)
    target: Cluster = request.getfixturevalue(after)
    api = source.serve()
    source.wait_until_ready()
    with httpx.Client(base_url=api.url, timeout=70) as client:
        uploaded(client, npz(arrays()), name="mine")
        for i in range(20):  # some of which become one chunk
            added = add(client, "mine", png(digit(i)), label="7")
            assert added.status_code == 201, added.text
        client.post("/v1/datasets", json={"name": "other", "from": "mine"})
        job = client.post("/v1/jobs", json={"preset": "linear", "dataset": "mine"}).json()
        first = wait_until_ended(client, job["id"])
        assert first["status"] == "succeeded", first["error"]
        datasets = client.get("/v1/datasets").json()
        sample = client.get("/v1/datasets/mine/samples/55").content
        client.delete("/v1/datasets/other")
        assert source.run("backup", str(tmp_path / "backup")).returncode == 0
        client.delete("/v1/datasets/mine")
    assert sound(source) == "1 jobs, 1 models, 1 blobs: no problems\n"

    assert target.run("restore", str(tmp_path / "backup")).returncode == 0

    again = target.serve()
    target.wait_until_ready()
    with httpx.Client(base_url=again.url, timeout=70) as client:
        expected = [one for one in datasets["data"] if one["name"] != "other"]
        assert client.get("/v1/datasets").json()["data"] == expected
        assert client.get("/v1/datasets/mine/samples/55").content == sample
        replay = client.post(f"/v1/jobs/{job['id']}/replay").json()
        assert wait_until_ended(client, replay["id"])["receipt"]["identical"] is True
    assert "no problems" in sound(target)


def sound(cluster: Cluster) -> str:
    """What fsck says of a service in which nothing is wrong; its last line."""
    result = cluster.run("fsck")
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines(keepends=True)[-1]


DAMAGES = {
    "UPDATE blobs SET content = x'00'": "is missing or was changed",
    "DELETE FROM job_events WHERE event = 'end'": "with 0 last events",
    "DELETE FROM job_events WHERE id = 1": "have a gap",
    "UPDATE jobs SET status = 'queued'": "is in no queue",
    "UPDATE jobs SET status = 'cancelled'": "is of a job that is cancelled",
    "UPDATE aliases SET model_id = 'mdl_gone'": "points at nothing",
    "INSERT INTO blobs VALUES ('00', x'00')": "is named by nothing",
    "DELETE FROM dataset_versions": "lacks its newest version",
    "DELETE FROM dataset_chunks": "does not have its samples",
    "UPDATE dataset_chunks SET fingerprints = x'00'": "does not have its samples",
    "DELETE FROM blobs WHERE sha256 IN (SELECT sha256 FROM dataset_chunks)": "is missing",
}


def test_fsck_finds_what_does_not_fit_together(small: Cluster) -> None:
    api = small.serve()
    small.wait_until_ready()
    with httpx.Client(base_url=api.url, timeout=70) as client:
        tiny = {"preset": "linear", "epochs": 1, "train_samples": 1000, "alias": "tiny"}
        wait_until_ended(client, client.post("/v1/jobs", json=tiny).json()["id"])
        uploaded(client, npz(arrays()), name="mine")
    small.stop()
    file = small.directory / "mnistry.db"
    sane = file.read_bytes()

    for damage, found in DAMAGES.items():
        file.write_bytes(sane)
        with sqlite3.connect(file) as connection:
            connection.execute(damage)
        connection.close()

        result = small.run("fsck")

        assert result.returncode == 1, damage
        assert found in result.stdout, damage
    file.write_bytes(sane[:20_000] + b"\xff" * 80_000 + sane[100_000:])
    assert small.run("fsck").returncode != 0


def one_line(cluster: Cluster, *arguments: str) -> str:
    result = cluster.run(*arguments)
    assert result.returncode == 2, result
    (line,) = result.stderr.strip().splitlines()
    return line


def test_what_cannot_be_done_is_said_in_one_line(small: Cluster, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"no database at all" * 100)

    assert "there is no database" in one_line(small, "backup", str(tmp_path / "new"))
    assert "there is no database" in one_line(small, "fsck")
    assert "cannot be restored" in one_line(small, "restore", str(junk))
    assert "cannot read" in one_line(small, "restore", str(tmp_path / "nothing"))


def test_a_backup_overwrites_nothing(small: Cluster, tmp_path: Path) -> None:
    small.serve()
    small.wait_until_ready()
    (tmp_path / "there").write_text("precious")

    assert "already" in one_line(small, "backup", str(tmp_path / "there"))
    assert "cannot write" in one_line(small, "backup", str(tmp_path / "no" / "folder"))
    assert (tmp_path / "there").read_text() == "precious"


def test_a_restore_beside_a_service_is_refused(small: Cluster, tmp_path: Path) -> None:
    small.serve()
    small.wait_until_ready()
    assert small.run("backup", str(tmp_path / "backup")).returncode == 0

    assert "another service" in one_line(small, "restore", str(tmp_path / "backup"))


def test_a_backup_of_a_newer_version_is_refused(small: Cluster, tmp_path: Path) -> None:
    small.serve()
    small.wait_until_ready()
    small.run("backup", str(tmp_path / "backup"))
    small.stop()
    with sqlite3.connect(tmp_path / "backup") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    (tmp_path / "new").mkdir()
    elsewhere = Cluster(tmp_path / "new", {})

    assert "newer" in one_line(elsewhere, "restore", str(tmp_path / "backup"))
