"""The service as a whole: what ends it takes all of it along, and what keeps it from starting."""

import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.e2e.test_processes import refused


def test_a_killed_service_leaves_no_process_behind(start_server: StartServer) -> None:
    server = start_server()
    job = httpx.post(f"{server.url}/v1/jobs", json={"preset": "mlp", "epochs": 100}).json()
    server.process.kill()
    server.process.wait()

    deadline = time.monotonic() + 10
    answered = True
    while answered and time.monotonic() < deadline:
        try:
            httpx.get(f"{server.url}/healthz")
            time.sleep(0.1)
        except httpx.TransportError:
            answered = False
    assert not answered

    url = start_server().url
    deadline = time.monotonic() + 20
    status = "queued"
    while status == "queued" and time.monotonic() < deadline:
        status = httpx.get(f"{url}/v1/jobs/{job['id']}").json()["status"]
    httpx.post(f"{url}/v1/jobs/{job['id']}/cancel")
    assert status == "running"


@pytest.mark.parametrize("url", ["nonsense", "nosuch://host/name"])
def test_a_database_url_that_makes_no_sense_is_said_in_one_line(tmp_path: Path, url: str) -> None:
    line = refused("--port", "0", "--data-dir", str(tmp_path), MNISTRY_DATABASE_URL=url)

    assert "MNISTRY_DATABASE_URL" in line


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mnistry.db").write_bytes(b"not a database" * 1000)

    line = refused("--port", "0", "--data-dir", str(tmp_path), "--trainers", "0")

    assert "not a database" in line
