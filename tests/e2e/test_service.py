"""Health, metrics, the OpenAPI document, the documentation, and who is let in."""

import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import Server, StartServer, start_service
from tests.e2e.test_conventions import LINEAR, assert_problem


def test_the_process_and_its_parts_are_seen(client: httpx.Client) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz").json()
    assert ready == {
        "ready": True,
        "checks": {"database": True, "artifacts": True, "trainers": True},
    }


def test_without_a_trainer_the_service_is_not_ready(start_server: StartServer) -> None:
    server = start_server("--trainers", "0", ready=False)

    response = httpx.get(f"{server.url}/readyz")

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["checks"] == {"database": True, "artifacts": True, "trainers": False}


def test_metrics_count_by_route_and_never_by_path(client: httpx.Client) -> None:
    for i in range(30):
        client.get(f"/v1/networks/some-{i}")
        client.get(f"/nowhere/{i}")
    response = client.get("/metrics")

    assert response.headers["content-type"].startswith("text/plain")
    text = response.text
    assert 'route="/v1/networks/{network_id}"' in text
    assert "some-" not in text
    assert "nowhere" not in text
    assert re.search(r'mnistry_jobs\{status="succeeded"\} \d', text)


def test_limits_are_told(client: httpx.Client) -> None:
    limits = client.get("/v1/limits").json()

    assert limits["json_bytes"] == 1024 * 1024
    assert limits["image_pixels"] == 16_000_000


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").json()
    return found


def test_every_field_is_described(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas

    for name, schema in schemas.items():
        for field, described in schema.get("properties", {}).items():
            if "const" in described or "$ref" in described:
                continue
            assert "description" in described, f"{name}.{field}"


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json")
            if body is None:
                continue
            schema = body["schema"]
            inline = {"example", "examples"} & set(body) or "examples" in schema
            assert inline, f"{method} {path}"


def test_parameters_are_described(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] != "path":
                    assert parameter.get("description"), f"{path} {parameter['name']}"


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_ask_no_other_host(client: httpx.Client, path: str) -> None:
    page = client.get(path)

    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["permissions-policy"].startswith("camera=(self), ")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert not urlsplit(address).netloc
        if not address.startswith("#"):
            assert client.get(address).status_code == 200


def raw(server: Server, request: str) -> str:
    """The first line of the answer to a request that no client would send."""
    host, port = urlsplit(server.url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request.encode())
        return connection.recv(4096).decode().splitlines()[0]


@pytest.mark.parametrize(
    "host", ["evil.com", "localhost.evil.com", "127.0.0.1.nip.io", "127.1", "2130706433", "0", ""]
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/jobs", "/", "/static/main.js", "/metrics"])
def test_other_host_names_are_misdirected(
    client: httpx.Client, server: Server, host: str, path: str
) -> None:
    port = urlsplit(server.url).port

    for name in (host, f"{host}:{port}"):
        assert " 421 " in raw(server, f"GET {path} HTTP/1.1\r\nHost: {name}\r\n\r\n")


def test_the_loopback_names_are_ours(client: httpx.Client, server: Server) -> None:
    port = urlsplit(server.url).port

    for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert " 200 " in raw(server, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://evil.com"},
        {"Origin": "http://localhost:1"},
    ],
)
def test_another_sites_page_changes_nothing(client: httpx.Client, headers: dict[str, str]) -> None:
    before = client.get("/v1/networks", params={"limit": 1}).json()

    assert_problem(client.post("/v1/networks", json=LINEAR, headers=headers), 403)
    assert_problem(client.delete("/v1/networks/x", headers=headers), 403)

    assert client.get("/v1/networks", params={"limit": 1}).json() == before
    assert client.get("/v1/networks", headers=headers).status_code == 200


def test_the_own_page_may_change_things(client: httpx.Client, server: Server) -> None:
    headers = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}

    assert client.post("/v1/networks", json=LINEAR, headers=headers).status_code == 201


def test_no_other_site_may_read_answers(client: httpx.Client) -> None:
    response = client.get("/v1/networks", headers={"Origin": "http://evil.com"})

    assert "access-control-allow-origin" not in response.headers


UNKNOWN = (
    b"",
    b"Bearer",
    b"Bearer wrong",
    b"Bearer r-keyy",
    b"Bearer r-key t-key",
    b"Bearer r-key, Bearer t-key",
    b"Bearer,r-key",
    b"Basic r-key",
    b"r-key",
    b"Bearer \xe9\xff",
    b"Bearer " + b"k" * 10_000,
)


def test_with_keys_everybody_gets_what_their_key_allows(start_server: StartServer) -> None:
    server = start_server(MNISTRY_API_KEYS="reader:r-key,trainer:t-key,reader:clé")
    reader = {"Authorization": "Bearer r-key"}
    trainer = {"Authorization": "Bearer t-key"}

    with httpx.Client(base_url=server.url, timeout=30) as client:
        for path in ("/", "/healthz", "/readyz", "/static/main.js"):
            assert client.get(path).status_code == 200
        for path in ("/v1/jobs", "/metrics", "/docs", "/openapi.json"):
            refused = client.get(path)
            assert_problem(refused, 401)
            assert refused.headers["www-authenticate"] == "Bearer"
            assert client.get(path, headers=reader).status_code == 200
        for key in UNKNOWN:
            assert client.get("/v1/jobs", headers={b"Authorization": key}).status_code == 401
        for key in (b"bearer r-key", b"BEARER  r-key", "Bearer clé".encode()):
            assert client.get("/v1/jobs", headers={b"Authorization": key}).status_code == 200
        twice = [("Authorization", "Bearer r-key"), ("Authorization", "Bearer t-key")]
        assert client.get("/v1/jobs", headers=twice).status_code == 401
        for host in ("a/?x=", "evil@localhost", "a b", "[::1", "localhost:8000:1", "\\", "a#b"):
            odd = client.get("/v1/jobs", headers={**reader, "Host": host})
            assert odd.status_code in (400, 421), host
        assert_problem(client.post("/v1/networks", json=LINEAR, headers=reader), 403)
        assert client.post("/v1/networks", json=LINEAR, headers=trainer).status_code == 201
        validated = client.post("/v1/networks/validate", json=LINEAR, headers=reader)
        assert validated.status_code == 200
        predicted = client.post("/v1/predict", json={"instances": []}, headers=reader)
        assert predicted.status_code == 404


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service that asks for a key."""
    data_dir = tmp_path_factory.mktemp("closed") / "data"
    keys = {"MNISTRY_API_KEYS": "trainer:t-key"}
    running = start_service(data_dir, "--trainers", "0", ready=False, environment=keys)
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("", 401),
        ("Expect: 100-continue\r\n", 401),
        ("Origin: http://evil.com\r\n", 403),
        ("Host: localhost\r\n", 421),
    ],
)
def test_who_is_not_let_in_hears_so_before_a_body_is_read(
    closed: Server, headers: str, status: int
) -> None:
    began = time.monotonic()
    request = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n{headers}"
        "Content-Type: application/json\r\nContent-Length: 500000\r\n\r\n"
    )

    assert f" {status} " in raw(closed, request)
    assert time.monotonic() - began < 5  # one that waits for the body is closed after 20


def test_a_body_that_is_too_large_is_refused_before_it_comes(server: Server) -> None:
    for length in (1024 * 1024 + 1, 10**12, 10**30):
        request = f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"

        assert raw(server, request).split()[1] in ("413", "400")


def test_what_is_refused_is_counted_and_makes_no_series_of_its_own(closed: Server) -> None:
    with httpx.Client(base_url=closed.url) as client:
        for i in range(30):
            method = ("PROPFIND", "SEARCH", "REPORT")[i % 3]
            assert client.request(method, f"/v1/{i}").status_code == 401
            assert client.get("/", headers={"Host": f"{i}.evil.com"}).status_code == 200
        text = client.get("/metrics", headers={"Authorization": "Bearer t-key"}).text

    counted = re.findall(r"mnistry_http_requests_total{(.*?)} (\S+)", text)
    refused = [
        float(count)
        for labels, count in counted
        if labels == 'method="other",route="other",status="401"'
    ]
    assert refused == [30]
    assert "evil" not in text
