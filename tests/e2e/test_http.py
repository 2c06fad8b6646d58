"""HTTP's own rules: HEAD, preconditions, hosts and origins, whatever a client makes of them."""

from typing import Any

import httpx
import pytest

from tests.conftest import Server


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/healthz", "/openapi.json", "/v1/catalog", "/v1/jobs", "/v1/models/latest"],
)
def test_head_answers_as_get_does_without_the_body(
    client: httpx.Client, model: dict[str, Any], path: str
) -> None:
    head, get = client.head(path), client.get(path)

    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(get.content))
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_head_of_a_stream_ends(client: httpx.Client, model: dict[str, Any]) -> None:
    head = client.head(f"/v1/jobs/{model['job_id']}/events")

    assert head.status_code == 200
    assert head.headers["Content-Type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/networks", {"GET", "HEAD", "POST"}),
        ("/v1/models/latest", {"GET", "HEAD", "DELETE"}),
        ("/v1/predict", {"POST"}),
    ],
)
def test_allow_names_every_method_of_a_resource(
    client: httpx.Client, path: str, allowed: set[str]
) -> None:
    refused = client.put(path)

    assert refused.status_code == 405
    assert set(refused.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/v1/catalog", "/v1/datasets/mnist/samples/0", "/v1/limits"])
def test_what_has_not_changed_is_not_sent_again(client: httpx.Client, path: str) -> None:
    tag = client.get(path).headers["ETag"]

    again = client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})

    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == tag


@pytest.mark.parametrize("origin", ["null", "http://[", "http://", "://", "\xff", "http://evil:80"])
def test_an_origin_that_is_not_ours_is_refused_however_odd(
    client: httpx.Client, origin: str
) -> None:
    headers = {b"Origin": origin.encode("latin-1")}
    response = client.post("/v1/networks/validate", json={"preset": "linear"}, headers=headers)

    assert response.status_code == 403


@pytest.mark.parametrize("name", ["localhost", "LocalHost", "127.0.0.1", "[::1]"])
@pytest.mark.parametrize("port", ["", ":", ":8000"])
def test_a_host_is_known_in_every_spelling(client: httpx.Client, name: str, port: str) -> None:
    assert client.get("/healthz", headers={"Host": name + port}).status_code == 200


@pytest.mark.parametrize("host", ["[", "a b", "localhost.evil", "127.0.0.1@evil", "", "\xff"])
def test_a_host_that_is_none_of_ours_is_misdirected(server: Server, host: str) -> None:
    response = httpx.get(f"{server.url}/nowhere", headers={b"Host": host.encode("latin-1")})

    assert response.status_code in (400, 421)


def test_a_preflight_allows_nothing(client: httpx.Client) -> None:
    response = client.options(
        "/v1/jobs",
        headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"},
    )

    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("media_type", ["text/vnd.api+json", "application/jsonp", "json"])
def test_what_only_looks_like_json_is_not_taken(client: httpx.Client, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    response = client.post("/v1/networks/validate", content=b"{}", headers=headers)

    assert response.status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        "/static/%00",
        "/static/" + "a" * 5000,
        "/static/%2e%2e/main.py",
        "/static/swagger/__init__.py",
    ],
)
def test_files_that_are_not_ours_are_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["%00", "%ff%fe", "..%2f..", "a" * 4000, "%20", "net_"])
@pytest.mark.parametrize(
    "path", ["networks/{}", "jobs/{}", "jobs/{}/events", "models/{}", "aliases/{}", "datasets/{}"]
)
def test_an_id_that_nothing_has_is_not_found(client: httpx.Client, path: str, name: str) -> None:
    assert client.get("/v1/" + path.format(name)).status_code == 404


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=5-1", "bytes=99999999999-", "bits=0-1", "x"])
def test_files_of_the_page_come_whole_whatever_range_is_asked_for(
    client: httpx.Client, asked: str
) -> None:
    for path in ("/", "/static/main.js"):
        whole = client.get(path)
        answer = client.get(path, headers={"Range": asked})

        assert (answer.status_code, answer.content) == (200, whole.content)
