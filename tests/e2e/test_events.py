"""Events as a reader meets them: ids that grow, places that are given back, news that is whole."""

import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import Server, StartServer, wait_until_ended

SMALL = {"preset": "linear", "epochs": 1, "train_samples": 2000}
LONG = {"preset": "cnn", "epochs": 100}


def ids_and_events(text: str) -> list[tuple[int, str]]:
    """What an event stream held."""
    frames = [frame.split("\n") for frame in text.split("\n\n") if frame.startswith("id: ")]
    return [
        (int(lines[0].removeprefix("id: ")), lines[1].removeprefix("event: ")) for lines in frames
    ]


@pytest.fixture(scope="module")
def ended(server: Server) -> dict[str, Any]:
    """A job that has ended."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        return wait_until_ended(client, client.post("/v1/jobs", json=SMALL).json()["id"])


def test_the_end_follows_the_snapshot_of_a_job_that_has_ended(
    client: httpx.Client, ended: dict[str, Any]
) -> None:
    path = f"/v1/jobs/{ended['id']}/events"

    (first, snapshot), (last, end) = ids_and_events(client.get(path).text)

    assert (snapshot, end, last) == ("snapshot", "end", first + 1)
    resumed = client.get(path, headers={"Last-Event-ID": str(first)})
    assert ids_and_events(resumed.text) == [(last, "end")]
    assert client.get(path, headers={"Last-Event-ID": str(last)}).status_code == 204


def test_ids_count_from_one_without_a_gap(client: httpx.Client, ended: dict[str, Any]) -> None:
    stream = client.get(f"/v1/jobs/{ended['id']}/events", params={"after": 0})

    events = ids_and_events(stream.text)

    assert [event_id for event_id, _ in events] == list(range(1, len(events) + 1))
    assert [event for _, event in events].count("end") == 1


@pytest.mark.parametrize("seen", ["9" * 16, "9" * 20])
def test_an_event_id_from_the_future_is_past_the_end(
    client: httpx.Client, ended: dict[str, Any], seen: str
) -> None:
    response = client.get(f"/v1/jobs/{ended['id']}/events", headers={"Last-Event-ID": seen})

    assert response.status_code == 204


def test_whoever_hears_of_a_model_can_use_it_at_once(client: httpx.Client) -> None:
    job = client.post("/v1/jobs", json=SMALL).json()
    with client.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
        stream.read()

    newest = client.post("/v1/predict", json={"instances": [[0] * 784]})

    model_id = client.get("/v1/jobs", params={"limit": 1}).json()["data"][0]["model_id"]
    assert newest.json()["model_id"] == model_id


def test_readers_that_leave_give_their_places_back(client: httpx.Client, server: Server) -> None:
    job = client.post("/v1/jobs", json=LONG).json()
    address = urlsplit(server.url)
    request = f"GET /v1/jobs/{job['id']}/events HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n"
    for _ in range(30):
        with socket.create_connection((str(address.hostname), address.port)) as connection:
            connection.sendall(request.encode())

    deadline = time.monotonic() + 10
    status = 429
    while status == 429 and time.monotonic() < deadline:
        with client.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
            status = stream.status_code
        time.sleep(0.2)

    client.post(f"/v1/jobs/{job['id']}/cancel")
    assert status == 200


def test_nothing_is_lost_or_repeated_over_a_restart(start_server: StartServer) -> None:
    server = start_server()
    job = httpx.post(f"{server.url}/v1/jobs", json={**LONG, "preset": "mlp"}).json()
    path = f"/v1/jobs/{job['id']}/events"
    seen: list[int] = []
    with httpx.stream("GET", f"{server.url}{path}", params={"after": 0}) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                seen.append(int(line.removeprefix("id: ")))
            if len(seen) == 5:
                break
    server.stop()

    url = start_server().url
    with httpx.stream("GET", f"{url}{path}", headers={"Last-Event-ID": str(seen[-1])}) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                seen.append(int(line.removeprefix("id: ")))
            if len(seen) == 10:
                break

    httpx.post(f"{url}/v1/jobs/{job['id']}/cancel")
    assert seen == list(range(1, 11))


def test_silence_is_broken_every_three_seconds(client: httpx.Client) -> None:
    job_id = client.post("/v1/jobs", json={"preset": "cnn", "epochs": 1}).json()["id"]
    client.post(f"/v1/jobs/{job_id}/pause").raise_for_status()
    gaps = []
    with client.stream("GET", f"/v1/jobs/{job_id}/events", timeout=10) as stream:
        heard = time.monotonic()
        for _ in stream.iter_raw():
            gaps.append(time.monotonic() - heard)
            heard = time.monotonic()
            if len(gaps) == 5:
                break
    client.post(f"/v1/jobs/{job_id}/cancel")

    assert max(gaps) < 3


def test_a_reader_that_does_not_read_holds_up_no_training(client: httpx.Client) -> None:
    strokes = {"strokes": [[[10, 10], [60, 10], [30, 80]]]}
    body = {"preset": "mlp", "epochs": 4, "train_samples": 20_000, "probe": strokes, "seed": 1}
    read = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    job_id = client.post("/v1/jobs", json=body).json()["id"]

    with client.stream("GET", f"/v1/jobs/{job_id}/events", params={"after": 0}) as stream:
        ended = wait_until_ended(client, job_id)
        ids = [int(line[4:]) for line in stream.iter_lines() if line.startswith("id: ")]

    assert ended["receipt"]["weights_sha256"] == read["receipt"]["weights_sha256"]
    assert ids == list(range(1, len(ids) + 1))
