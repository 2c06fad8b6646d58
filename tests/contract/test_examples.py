"""The service takes every body that its document shows."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Server, start_service, wait_until_ended
from tests.contract.document import shown
from tests.contract.schemas import Document, Operation, examples
from tests.dataset_files import arrays, npz


@pytest.fixture(scope="module")
def document() -> Document:
    return Document(json.loads(shown()))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server where the names of the examples are not taken."""
    running = start_service(tmp_path_factory.mktemp("examples") / "data")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(own: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=own.url, timeout=70) as client:
        yield client


@pytest.fixture(scope="module")
def names(client: httpx.Client) -> dict[str, str]:
    """What there is, by the names of parameters in paths."""
    network = client.post("/v1/networks", json={"preset": "linear"}).json()
    body = {"network_id": network["id"], "epochs": 1, "seed": 1, "train_samples": 2000}
    job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    copy = client.post("/v1/datasets", json={"name": "own", "from": "mnist"}).json()
    return {
        "network_id": network["id"],
        "job_id": job["id"],
        "model": job["model_id"],
        "model_id": job["model_id"],
        "version": "1",
        "name": copy["name"],
        "alias": "digits",
    }


@pytest.fixture(scope="module")
def files(client: httpx.Client, names: dict[str, str]) -> dict[str, bytes]:
    """What the files hold that examples name."""
    digit = client.get("/v1/datasets/mnist/samples/0?split=test").content
    exported = client.get(f"/v1/models/{names['model']}/export").content
    return {"seven.png": digit, "digits.npz": npz(arrays()), "digits.safetensors": exported}


def test_every_body_that_the_document_shows_is_taken(
    client: httpx.Client, document: Document, names: dict[str, str], files: dict[str, bytes]
) -> None:
    sent = 0
    for operation in document.operations():
        for media_type, content in operation.sends.items():
            for example in examples(content):
                answer = send(client, operation, media_type, example, names, files)
                assert answer.status_code < 300, f"{operation} {media_type}: {answer.text}"
                sent += 1
    assert sent >= 25


def send(
    client: httpx.Client,
    operation: Operation,
    media_type: str,
    example: Any,
    names: dict[str, str],
    files: dict[str, bytes],
) -> httpx.Response:
    path = operation.path.format_map(names)
    headers = {"Content-Type": media_type}
    if media_type == "multipart/form-data":
        parts = [
            (name, (value, files[value]) if value in files else (None, value))
            for name, values in example.items()
            for value in (values if isinstance(values, list) else [values])
        ]
        return client.request(operation.method, path, files=parts)
    if isinstance(example, str):
        content = files.get(example, example.encode())
        return client.request(operation.method, path, content=content, headers=headers)
    known = {name: names[name] for name in ("network_id", "model_id") if name in example}
    return client.request(operation.method, path, json={**example, **known})
