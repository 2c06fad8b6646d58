"""Processes: refused with one line, ended when told to; whatever dies is survived."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Server, StartServer, wait_until_ended
from tests.processes import children, trainer_of, training_child_of

LONG = {"preset": "mlp", "epochs": 25, "train_samples": 20_000, "seed": 11}
OFTEN = {"MNISTRY_CHECKPOINT_SECONDS": "0.2"}


def refused(*arguments: str, **environment: str) -> str:
    """The one line in which `serve` says why it does not start."""
    result = subprocess.run(
        [sys.executable, "-m", "app", "serve", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 2, result
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.strip().splitlines()
    return line


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        assert port in refused("--port", port, "--data-dir", str(tmp_path / "data"))


def test_a_data_directory_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    assert str(file) in refused("--port", "0", "--data-dir", str(file / "data"))


def test_a_second_server_on_the_same_data_is_refused(start_server: StartServer) -> None:
    server = start_server()

    assert "another service" in refused("--port", "0", "--data-dir", str(server.data_dir))


def test_to_be_reachable_from_elsewhere_needs_keys(tmp_path: Path) -> None:
    line = refused("--host", "0.0.0.0", "--port", "0", "--data-dir", str(tmp_path))  # noqa: S104

    assert "MNISTRY_API_KEYS" in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MNISTRY_API_KEYS", "secret"),
        ("MNISTRY_PORT", "70000"),
        ("MNISTRY_WORKERS", "no"),
        ("MNISTRY_DATABASE_URL", "mysql://user:secret@host/name"),
        ("MNISTRY_DATABASE_URL", "secret"),
        ("MNISTRY_ARTIFACTS_URL", "file:///secret"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, name: str, value: str) -> None:
    line = refused("--data-dir", str(tmp_path), **{name: value})

    assert name in line
    assert "secret" not in line


def start_long_job(client: httpx.Client) -> str:
    """A job in the middle of its work, which has been checkpointed."""
    job = client.post("/v1/jobs", json=LONG).json()
    for _ in range(600):
        found = client.get(f"/v1/jobs/{job['id']}").json()
        if len(found["history"]) >= 3:
            job_id: str = job["id"]
            return job_id
        time.sleep(0.02)
    raise AssertionError("the job does not get on")


@pytest.fixture(scope="module")
def undisturbed(server: Server) -> dict[str, Any]:
    """The same job, in peace."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        return wait_until_ended(client, client.post("/v1/jobs", json=LONG).json()["id"])


def assert_went_on(
    client: httpx.Client, job_id: str, undisturbed: dict[str, Any], attempts: tuple[int, ...] = (2,)
) -> None:
    """The job has succeeded, with one model, of the weights of a job in peace."""
    job = wait_until_ended(client, job_id)
    assert job["status"] == "succeeded", job["error"]
    assert job["attempt"] in attempts
    assert job["receipt"]["weights_sha256"] == undisturbed["receipt"]["weights_sha256"]
    figures = ("epoch", "train_loss", "val_accuracy", "gradient_norm")
    histories = [
        [[entry[name] for name in figures] for entry in one["history"]]
        for one in (job, undisturbed)
    ]
    assert histories[0] == histories[1]
    models = client.get("/v1/models", params={"limit": 100}).json()["data"]
    assert [model["id"] for model in models if model["job_id"] == job_id] == [job["model_id"]]
    accept = {"Accept": "application/json"}
    events = client.get(f"/v1/jobs/{job_id}/events", headers=accept).json()["data"]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    names = [event["event"] for event in events]
    assert names.count("end") == 1
    assert names.count("epoch") == LONG["epochs"]


def test_a_killed_training_process_is_followed_by_one_that_goes_on(
    start_server: StartServer, undisturbed: dict[str, Any]
) -> None:
    server = start_server(**OFTEN)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job_id = start_long_job(client)

        os.kill(training_child_of(server.process.pid), signal.SIGKILL)

        assert_went_on(client, job_id, undisturbed)


def test_a_killed_trainer_is_started_again_and_goes_on(
    start_server: StartServer, undisturbed: dict[str, Any]
) -> None:
    server = start_server(**OFTEN)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job_id = start_long_job(client)
        orphan = training_child_of(server.process.pid)

        os.kill(trainer_of(server.process.pid), signal.SIGKILL)

        assert_went_on(client, job_id, undisturbed)
        assert not Path(f"/proc/{orphan}").exists()


def test_a_job_goes_on_when_the_service_is_started_again(
    start_server: StartServer, undisturbed: dict[str, Any]
) -> None:
    server = start_server(**OFTEN)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job_id = start_long_job(client)
    began = time.monotonic()

    assert server.stop() == 0

    assert time.monotonic() - began < 15
    server = start_server(**OFTEN)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        assert_went_on(client, job_id, undisturbed, attempts=(1,))


def test_when_the_supervisor_is_killed_all_end_and_the_next_goes_on(
    start_server: StartServer, undisturbed: dict[str, Any]
) -> None:
    server = start_server(**OFTEN)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job_id = start_long_job(client)
    pids = [*children(server.process.pid), training_child_of(server.process.pid)]

    server.process.kill()
    server.process.wait()

    for _ in range(200):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            break
        time.sleep(0.1)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    server = start_server(**OFTEN)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        # Its trainer may still have put the job back, which is no crash.
        assert_went_on(client, job_id, undisturbed, attempts=(1, 2))


def test_all_processes_end_while_a_job_trains_and_a_stream_is_open(
    start_server: StartServer,
) -> None:
    server = start_server()
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job_id = start_long_job(client)
        pids = [*children(server.process.pid), training_child_of(server.process.pid)]
        with client.stream("GET", f"/v1/jobs/{job_id}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 15

    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_killed_api_process_is_started_again(start_server: StartServer) -> None:
    server = start_server()
    api = next(pid for pid, cmd in children(server.process.pid).items() if " api " in cmd)

    os.kill(api, signal.SIGKILL)

    # The socket is the supervisor's: the request waits until the next process takes it.
    assert httpx.get(f"{server.url}/healthz", timeout=20).status_code == 200


def test_digits_are_read_quickly_while_a_job_trains(
    start_server: StartServer,
) -> None:
    server = start_server()
    with httpx.Client(base_url=server.url, timeout=70) as client:
        tiny = {"preset": "mlp", "epochs": 1, "train_samples": 5000}
        wait_until_ended(client, client.post("/v1/jobs", json=tiny).json()["id"])
        png = client.get("/v1/datasets/mnist/samples/0").content
        start_long_job(client)
        training_child_of(server.process.pid)

        seconds = []
        for _ in range(400):
            began = time.perf_counter()
            response = client.post(
                "/v1/predict", content=png, headers={"Content-Type": "image/png"}
            )
            seconds.append(time.perf_counter() - began)
            assert response.status_code == 200

    p99 = sorted(seconds)[int(len(seconds) * 0.99) - 1]
    assert p99 < 0.05


def test_a_database_of_a_newer_version_is_refused(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    with contextlib.closing(sqlite3.connect(server.data_dir / "mnistry.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    result = subprocess.run(
        [sys.executable, "-m", "app", "serve", "--port", "0", "--data-dir", str(server.data_dir)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 2
    assert "schema 9999, which is newer than this program" in result.stderr
    assert "Traceback" not in result.stderr
