"""A real server for every test that wants one: its own processes, its own data, a free port."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cluster import Part, wait_until_ready
from tests.object_storage import S3
from tests.postgresql import PostgreSQL


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    """A PostgreSQL server for all tests that want one."""
    server = PostgreSQL(tmp_path_factory.mktemp("postgresql") / "data")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """An S3 server for all tests that want one."""
    server = S3(tmp_path_factory.mktemp("s3") / "log")
    yield server
    server.stop()


@pytest.fixture
def postgresql_of_its_own(tmp_path: Path) -> Iterator[PostgreSQL]:
    """A PostgreSQL server that a test may stop and start."""
    server = PostgreSQL(tmp_path / "postgresql")
    yield server
    server.stop()


@dataclass
class Server:
    """A running service."""

    part: Part
    data_dir: Path

    @property
    def url(self) -> str:
        return self.part.url

    @property
    def process(self) -> subprocess.Popen[str]:
        return self.part.process

    def stop(self) -> int:
        """SIGTERM, as an operator would; the exit code."""
        return self.part.stop()


StartServer = Callable[..., Server]


def start_service(
    data_dir: Path, *arguments: str, ready: bool = True, environment: dict[str, str] | None = None
) -> Server:
    """Start a server; without a trainer it lives, but is never ready."""
    command = ["serve", "--port", "0", "--data-dir", str(data_dir), *arguments]
    log = data_dir.parent / f"{data_dir.name}.log"
    server = Server(Part(command, environment or {}, log), data_dir)
    wait_until_ready(server.url, "readyz" if ready else "healthz")
    return server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that tests share; none may assume that it is alone there."""
    running = start_service(tmp_path_factory.mktemp("shared") / "data")
    yield running
    running.stop()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start a server of one's own, any number of times; arguments go to `serve`."""
    running: list[Server] = []

    def start(*arguments: str, ready: bool = True, **environment: str) -> Server:
        data_dir = tmp_path / "data"
        running.append(start_service(data_dir, *arguments, ready=ready, environment=environment))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    """A client of the shared server."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        yield client


def wait_until_ended(client: httpx.Client, job_id: str, seconds: float = 90) -> dict[str, Any]:
    """The job when it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}", params={"wait": 5}).json()
        if job["finished_at"] is not None:
            return job
    raise AssertionError(f"job {job_id} has not ended after {seconds} s")


@pytest.fixture(scope="session")
def model(server: Server) -> dict[str, Any]:
    """A model on the shared server that reads digits well."""
    return train_a_reader(server)


def train_a_reader(server: Server, key: str = "") -> dict[str, Any]:
    """A model that reads digits well: linear, one epoch of all of MNIST."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=server.url, timeout=70, headers=headers) as client:
        job = client.post("/v1/jobs", json={"preset": "linear", "epochs": 1, "seed": 1}).json()
        ended = wait_until_ended(client, job["id"])
        assert ended["status"] == "succeeded", ended["error"]
        found: dict[str, Any] = client.get(f"/v1/models/{ended['model_id']}").json()
        return found
