"""What holds for every resource: problems, strict JSON, ids, lists, request ids, keys, ETags."""

import re
import threading
from typing import Any

import httpx
import pytest

from tests.conftest import Server

LINEAR = {
    "input_shape": [1, 28, 28],
    "layers": [{"type": "flatten"}, {"type": "dense", "output_dim": 10}, {"type": "softmax"}],
}


def post(client: httpx.Client, path: str, content: bytes | str) -> httpx.Response:
    return client.post(path, content=content, headers={"Content-Type": "application/json"})


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "request_id"} <= set(body)
    assert body["status"] == status
    assert body["type"].startswith("/problems/")
    assert body["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    return body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/jobs/job_x", 404),
        ("GET", "/v1/models/mdl_x", 404),
        ("GET", "/v1/networks/%00", 404),
        ("GET", "/v1/datasets/cifar", 404),
        ("GET", "/v1/aliases/none", 404),
        ("DELETE", "/v1/networks/none", 404),
        ("DELETE", "/v1/models/none", 404),
        ("POST", "/v1/jobs/none/cancel", 404),
        ("PATCH", "/v1/networks", 405),
        ("PUT", "/healthz", 405),
        ("GET", "/v1/jobs?limit=0", 422),
        ("GET", "/v1/jobs?limit=101", 422),
        ("GET", "/v1/jobs?limit=x", 422),
        ("GET", "/v1/jobs?cursor=nonsense", 422),
        ("GET", "/v1/jobs?status=sleeping", 422),
        ("GET", "/v1/networks?cursor=" + "x" * 300, 422),
    ],
)
def test_every_error_is_a_problem(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    assert_problem(client.request(method, path), status)


def test_a_method_that_is_not_allowed_names_those_that_are(client: httpx.Client) -> None:
    response = client.patch("/v1/jobs")

    assert_problem(response, 405)
    assert response.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b'{"preset": NaN}', 400),
        (b'{"preset": "mlp", "preset": "mlp"}', 400),
        (b'{"name": "\\ud800", "preset": "mlp"}', 400),
        (b"\xff", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b"[" * 50_000, 400),
        (b"9" * 6000, 400),
        (b"1e999", 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b'{"preset": 1}', 422),
        (b'{"preset": "mlp", "unknown": 1}', 422),
    ],
)
@pytest.mark.parametrize(
    "path", ["/v1/networks", "/v1/networks/validate", "/v1/jobs", "/v1/datasets"]
)
def test_json_is_strict(client: httpx.Client, path: str, content: bytes, status: int) -> None:
    assert_problem(post(client, path, content), status)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_json_must_be_called_json(client: httpx.Client, media_type: str) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    response = client.post("/v1/networks", content=b'{"preset": "mlp"}', headers=headers)

    assert_problem(response, 415)


def test_an_unknown_name_says_what_was_probably_meant(client: httpx.Client) -> None:
    layers = [{"type": "conv2", "output_channels": 1, "kernel_size": 3}]
    response = client.post("/v1/networks", json={"input_shape": [1, 28, 28], "layers": layers})

    (error,) = assert_problem(response, 422)["errors"]
    assert error["loc"] == ["layers", 0, "type"]
    assert "conv2d" in error["msg"]


def test_a_body_over_the_limit_is_refused(client: httpx.Client) -> None:
    long = b'{"name": "' + b"x" * 1_100_000 + b'"}'

    assert_problem(post(client, "/v1/networks", long), 413)

    def chunks() -> Any:
        for _ in range(1100):
            yield b"x" * 1000

    headers = {"Content-Type": "application/json"}
    chunked = client.post("/v1/networks", content=chunks(), headers=headers)
    assert_problem(chunked, 413)


def test_request_ids_are_echoed_or_made(client: httpx.Client) -> None:
    own = client.get("/healthz", headers={"X-Request-ID": "my-id.1_2"})
    forged = client.get("/healthz", headers={"X-Request-ID": "a b"})

    assert own.headers["x-request-id"] == "my-id.1_2"
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", forged.headers["x-request-id"])


def test_lists_are_walked_by_their_cursor(client: httpx.Client) -> None:
    made = [client.post("/v1/networks", json=LINEAR).json()["id"] for _ in range(5)]

    seen: list[str] = []
    cursor = None
    while not set(made) <= set(seen):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/networks", params=params).json()
        assert len(page["data"]) <= 2
        seen += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert [one for one in seen if one in made] == sorted(made, reverse=True)
    assert len(seen) == len(set(seen))


def test_the_same_key_with_the_same_body_answers_the_first_response(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "conventions-1"}

    first = client.post("/v1/networks", json=LINEAR, headers=headers)
    again = client.post("/v1/networks", json=LINEAR, headers=headers)
    other = client.post("/v1/networks", json={"preset": "mlp"}, headers=headers)

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert_problem(other, 422)


def test_one_key_posted_at_once_makes_one_job(server: Server) -> None:
    body = {"preset": "linear", "epochs": 1, "train_samples": 200}
    headers = {"Idempotency-Key": "at-once"}
    answers: list[httpx.Response] = []

    def submit() -> None:
        answers.append(httpx.post(f"{server.url}/v1/jobs", json=body, headers=headers, timeout=60))

    threads = [threading.Thread(target=submit) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    accepted = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in accepted}) == 1


def test_a_resource_that_has_not_changed_is_not_sent_again(client: httpx.Client) -> None:
    network = client.post("/v1/networks", json=LINEAR).json()
    path = f"/v1/networks/{network['id']}"
    tag = client.get(path).headers["etag"]

    same = client.get(path, headers={"If-None-Match": tag})
    other = client.get(path, headers={"If-None-Match": '"other"'})

    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == tag
    assert other.status_code == 200


@pytest.mark.parametrize("name", ["a", "x" * 120, "  kept  ", "\N{GRINNING FACE} عربى <b>"])
def test_names_are_kept_as_they_were_sent(client: httpx.Client, name: str) -> None:
    made = client.post("/v1/networks", json={**LINEAR, "name": name}).json()

    assert client.get(f"/v1/networks/{made['id']}").json()["name"] == name


@pytest.mark.parametrize("name", ["", "x" * 121, "a\nb", "a\x00b", 7, ["a"]])
def test_names_that_are_none_are_refused(client: httpx.Client, name: object) -> None:
    response = client.post("/v1/networks", json={**LINEAR, "name": name})

    assert assert_problem(response, 422)["errors"][0]["loc"] == ["name"]
