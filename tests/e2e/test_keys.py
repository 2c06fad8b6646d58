"""Keys by command, beside services that run: made, asked for, revoked, and never kept."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cluster import Cluster
from tests.conftest import StartServer
from tests.e2e.test_conventions import LINEAR, assert_problem
from tests.postgresql import PostgreSQL

PUBLIC = ("--host", "0.0.0.0", "--trainers", "0")  # noqa: S104


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "keys", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def added(*arguments: str) -> Any:
    """A new key, with its record."""
    result = command("add", *arguments, "--json")
    assert (result.returncode, result.stderr) == (0, ""), result
    return json.loads(result.stdout)


def bearing(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def soon(url: str, status: int, headers: dict[str, str] | None = None) -> httpx.Response:
    """The first answer with a status; a key that was made or revoked takes up to a second."""
    deadline = time.monotonic() + 60
    while True:
        response = httpx.get(f"{url}/v1/jobs", headers=headers, timeout=60)
        if response.status_code == status:
            return response
        assert time.monotonic() < deadline, f"the answer still is {response.status_code}"
        time.sleep(0.05)


def test_a_running_service_asks_for_a_key_as_soon_as_there_is_one_and_goes_on_asking(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("--trainers", "0", ready=False)
    place = ("--data-dir", str(server.data_dir))
    assert httpx.get(f"{server.url}/v1/jobs").status_code == 200

    trainer = added("--role", "trainer", "--name", "Ada", *place)
    reader = added("--role", "reader", "--expires", "90d", *place)

    assert_problem(soon(server.url, 401), 401)
    soon(server.url, 200, bearing(trainer["key"]))
    soon(server.url, 200, bearing(reader["key"]))
    networks = f"{server.url}/v1/networks"
    made = httpx.post(networks, json=LINEAR, headers=bearing(trainer["key"]))
    assert made.status_code == 201
    assert_problem(httpx.post(networks, json=LINEAR, headers=bearing(reader["key"])), 403)
    unknown = httpx.get(networks, headers=bearing("mnistry_unknown")).json()

    assert command("revoke", trainer["id"], *place).stderr == ""
    soon(server.url, 401, bearing(trainer["key"]))
    assert httpx.get(networks, headers=bearing(reader["key"])).status_code == 200
    assert "No key is left" in command("revoke", reader["id"], *place).stderr
    revoked = soon(server.url, 401, bearing(reader["key"])).json()
    assert {**revoked, "request_id": ""} == {**unknown, "request_id": ""}
    assert httpx.get(networks).status_code == 401  # no command opens what was closed

    unknown_id = command("revoke", "key_none", *place)
    assert unknown_id.returncode == 1
    assert unknown_id.stderr == "mnistry: There is no key 'key_none'.\n"
    listed = json.loads(command("list", *place, "--json").stdout)
    assert [(one["name"], one["status"]) for one in listed] == [
        ("Ada", "revoked"),
        (None, "revoked"),
    ]
    assert "Ada" in command(*place).stdout
    server.stop()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert trainer["id"].encode() in kept
    for one in (trainer, reader):
        assert one["key"].removeprefix("mnistry_").encode() not in kept


def test_a_key_is_shown_once_and_alone(tmp_path: Path) -> None:
    place = ("--data-dir", str(tmp_path / "new"))  # no service was there yet

    result = command("add", "--role", "reader", *place)

    assert result.returncode == 0
    assert result.stdout.startswith("mnistry_")
    assert len(result.stdout.splitlines()) == 1
    assert "key_" in result.stderr
    assert result.stdout.strip() not in command(*place).stdout


def test_a_stored_key_lets_a_service_be_reached_from_elsewhere(
    start_server: StartServer, tmp_path: Path
) -> None:
    place = ("--data-dir", str(tmp_path / "data"))
    key = added("--role", "reader", *place)

    server = start_server(*PUBLIC, ready=False)

    soon(server.url, 401)
    soon(server.url, 200, bearing(key["key"]))
    command("revoke", key["id"], *place)
    soon(server.url, 401, bearing(key["key"]))
    assert httpx.get(f"{server.url}/v1/jobs").status_code == 401
    server.stop()
    again = subprocess.run(
        [sys.executable, "-m", "app", "serve", *PUBLIC, "--port", "0", *place],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert again.returncode == 2, again
    (line,) = again.stderr.splitlines()
    assert "keys add" in line


@pytest.fixture
def cluster(tmp_path: Path, postgresql: PostgreSQL) -> Iterator[Cluster]:
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster", {"MNISTRY_DATABASE_URL": postgresql.new_database()})
    yield cluster
    cluster.stop()


def test_every_replica_takes_and_refuses_the_same_keys(cluster: Cluster) -> None:
    first, second = cluster.api("first"), cluster.api("second")
    urls = (first.url, second.url)
    for url in urls:
        soon(url, 200)

    made = cluster.run("keys", "add", "--role", "trainer", "--json")

    key = json.loads(made.stdout)
    for url in urls:
        soon(url, 401)
        soon(url, 200, bearing(key["key"]))
    assert cluster.run("keys", "revoke", key["id"]).returncode == 0
    for url in urls:
        soon(url, 401, bearing(key["key"]))


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.mkdir()
    (junk / "mnistry.db").write_bytes(b"no database at all" * 100)
    add = ("add", "--role", "reader", "--data-dir", str(tmp_path))

    for arguments, said in (
        (("list", "--data-dir", str(tmp_path)), "there is no database"),
        (("revoke", "key_none", "--data-dir", str(junk)), "cannot be used"),
        ((*add, "--expires", "2020-01-01"), "over already"),
        ((*add, "--name", "a\nb"), "control characters"),
    ):
        result = command(*arguments)

        assert (result.returncode, result.stdout) == (2, ""), result
        (line,) = result.stderr.splitlines()
        assert said in line
    assert [file.name for file in tmp_path.iterdir()] == ["junk"]
