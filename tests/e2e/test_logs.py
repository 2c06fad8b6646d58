"""The log: one JSON object a line whatever comes, from every process, and never a key."""

import contextlib
import json
import socket
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.conftest import StartServer, wait_until_ended

KEY = "a-trainers-key-that-no-line-may-show"
WRONG = "a-wrong-key-that-no-line-may-show"
FORGED = 'x\n{"level": "critical", "message": "forged"}\r\n\x1b[2J\u2028\x85'

HOSTILE = [
    b"GET /v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xe9\xff\r\n\r\n",
    b'GET /a%0a{"level":"critical"}%0d%0a?b=%1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n',
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: a\x0bb\xe9%0d%0a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.test\r\nX-Request-ID: " + b"a" * 10_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    b"GE\nT / HTTP/1.1\r\n\r\n",
    b"FOOBAR /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {WRONG}\nX: y\r\n\r\n".encode(),
]


def lines(log: Path) -> list[dict[str, Any]]:
    """Each line of a log as the object that it has to be."""
    return [json.loads(line) for line in log.read_bytes().split(b"\n")[:-1]]


def test_nobody_forges_a_line_and_no_line_shows_a_key(
    start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(MNISTRY_API_KEYS=f"trainer:{KEY}", MNISTRY_LOG_LEVEL="DEBUG")
    place = urlsplit(server.url)
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=70
    ) as client:
        for i, request in enumerate(HOSTILE):
            with socket.create_connection((place.hostname, place.port or 0), timeout=20) as one:
                one.sendall(request)
                assert one.recv(100), i
        for scheme in ("Bearer", "Basic", "bearer "):
            headers = {"Authorization": f"{scheme} {WRONG}", "X-Request-ID": f"wrong-{len(scheme)}"}
            assert client.get("/v1/jobs", headers=headers).status_code == 401
        body = {"preset": "linear", "epochs": 1, "train_samples": 500, "notes": "a\nb"}
        assert client.post("/v1/jobs", json={**body, "name": FORGED}).status_code == 422
        assert client.post(f"/v1/models/{'%0a' + WRONG}/predict", json={}).status_code == 404
        sent_id = {"X-Request-ID": "the-job"}
        job = client.post("/v1/jobs", json={**body, "name": '"}\u2028{'}, headers=sent_id).json()
        assert wait_until_ended(client, job["id"])["status"] == "succeeded"
        damage(server.data_dir / "mnistry.db", job["id"])
        failed = client.get(f"/v1/jobs/{job['id']}", headers={"X-Request-ID": "the-failure"})
        assert failed.status_code == 500
        assert failed.headers["X-Request-ID"] == "the-failure"
    server.stop()

    log = tmp_path / "data.log"
    written = lines(log)
    for secret in (KEY, WRONG):
        assert secret.encode() not in log.read_bytes()
    assert all({"at", "level", "logger", "message"} <= line.keys() for line in written)
    assert not [line for line in written if line["message"] == "forged"]
    by_id = {line["request_id"]: line for line in written if "status" in line}
    assert (
        by_id["the-job"].items()
        >= {
            "level": "debug",
            "method": "POST",
            "route": "/v1/jobs",
            "status": 202,
        }.items()
    )
    assert by_id["the-job"]["milliseconds"] > 0
    assert (by_id["wrong-6"]["level"], by_id["wrong-6"]["status"]) == ("info", 401)
    assert (by_id["the-failure"]["level"], by_id["the-failure"]["status"]) == ("warning", 500)
    tracebacks = [line for line in written if "Traceback" in line.get("error", "")]
    assert "the-failure" in [line.get("request_id") for line in tracebacks]


def damage(file: Path, job_id: str) -> None:
    """Make a job one that the service cannot show, which is its own fault."""
    with contextlib.closing(sqlite3.connect(file, timeout=20)) as connection, connection:
        connection.execute("UPDATE jobs SET config = '[]' WHERE id = ?", (job_id,))


def test_what_goes_well_is_not_logged_by_default(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("--trainers", "0", ready=False)
    for path in ("/healthz", "/v1/jobs", "/v1/jobs/job_none"):
        httpx.get(f"{server.url}{path}")
    httpx.get(f"{server.url}/", headers={"Host": "evil.test"})
    server.stop()

    (line,) = [line for line in lines(tmp_path / "data.log") if "request_id" in line]
    assert (line["status"], line["method"], line["route"]) == (421, "GET", "other")
