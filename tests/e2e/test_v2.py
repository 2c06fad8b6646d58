"""The Open Inference Protocol v2: its paths, its errors, the repository, the statistics."""

from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import StartServer, wait_until_ended
from tests.open_inference import assert_failure, changed, tensor


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_the_server_says_what_it_can(client: httpx.Client, path: str) -> None:
    body = client.get(path).json()

    assert body["name"] == "mnistry"
    assert body["version"]
    assert {"binary_tensor_data", "classification", "statistics"} <= set(body["extensions"])
    assert not {"trace", "logging", "system_shared_memory"} & set(body["extensions"])


def test_health_has_a_body(client: httpx.Client) -> None:
    for name in ("live", "ready"):
        assert client.get(f"/v2/health/{name}").json() == {"live": True, "ready": True}


def test_a_model_is_the_same_by_every_path(client: httpx.Client, model: dict[str, Any]) -> None:
    path = f"/v2/models/{model['id']}"

    assert model["id"] in client.get("/v2/models").json()["models"]
    for base in (path, f"{path}/versions/1", f"{path}/versions/{model['id']}"):
        metadata = client.get(base).json()
        assert metadata["name"] == model["id"]
        assert metadata["versions"] == ["1"]
        assert metadata["inputs"] == [
            {"name": "input", "datatype": "FP32", "shape": [-1, 1, 28, 28]}
        ]
        assert metadata["outputs"] == [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}
        ]
        assert metadata["properties"]["sha256"] == model["sha256"]
        ready = client.get(f"{base}/ready").json()
        assert ready == {"name": model["id"], "ready": True}
        config = client.get(f"{base}/config").json()
        assert config["name"] == model["id"]
        assert config["max_batch_size"] > 1
        assert config["input"][0]["dims"] == [1, 28, 28]
        assert config["model_transaction_policy"] == {"decoupled": False}


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/v2/nothing", 404, "nothing"),
        ("GET", "/v2/models/none", 404, "none"),
        ("GET", "/v2/models/none/ready", 404, "none"),
        ("GET", "/v2/models/latest/versions/9999", 404, "9999"),
        ("GET", "/v2/models/none/stats", 404, "none"),
        ("POST", "/v2/models/none/infer", 404, "none"),
        ("POST", "/v2/repository/models/none/load", 404, "none"),
        ("GET", "/v2/models/latest/infer", 405, "POST"),
        ("POST", "/v2", 405, "GET"),
        ("GET", "/v2/repository/index", 405, "POST"),
        ("GET", "/v2/systemsharedmemory/status", 501, "shared memory"),
        ("POST", "/v2/cudasharedmemory/region/a/register", 501, "shared memory"),
        ("GET", "/v2/logging", 501, "log"),
        ("POST", "/v2/trace/setting", 501, "trace"),
        ("GET", "/v2/models/latest/trace/setting", 501, "trace"),
    ],
)
def test_every_error_is_a_text(
    client: httpx.Client,
    model: dict[str, Any],
    method: str,
    path: str,
    status: int,
    text: str,
) -> None:
    assert_failure(client.request(method, path), status, text)


def test_what_the_edge_refuses_is_a_text_too(start_server: StartServer) -> None:
    server = start_server(
        MNISTRY_API_KEYS="reader:r,trainer:t",
        MNISTRY_ALLOWED_HOSTS="127.0.0.1",
        MNISTRY_MAX_PREDICT_BYTES="100000",
    )
    reader, trainer = ({"Authorization": f"Bearer {key}"} for key in "rt")
    load = "/v2/repository/models/none/load"

    with httpx.Client(base_url=server.url, timeout=30) as client:
        refused = client.get("/v2/health/live")
        assert_failure(refused, 401, "key")
        assert refused.headers["www-authenticate"] == "Bearer"
        assert_failure(client.post(load, headers=reader), 403, "trainer")
        assert_failure(client.post(load, headers=trainer), 404, "none")
        assert_failure(client.post("/v2/models/none/infer", headers=reader), 404, "none")
        assert client.post("/v2/repository/index", headers=reader).json() == []
        assert_failure(client.get("/v2", headers={**reader, "Host": "evil.com"}), 421)
        cross_site = {**reader, "Sec-Fetch-Site": "cross-site"}
        assert_failure(client.post("/v2/models/none/infer", headers=cross_site), 403, "site")
        large = b"x" * 100_001
        path = "/v2/models/none/infer"
        assert_failure(client.post(path, content=large, headers=reader), 413, "100,000")


def test_the_index_needs_no_body(client: httpx.Client, model: dict[str, Any]) -> None:
    for content in (b"", b"{}", b'{"ready": true}'):
        index = client.post("/v2/repository/index", content=content).json()
        assert {"name": model["id"], "version": "1", "state": "READY", "reason": ""} in index
        assert "latest" in [one["name"] for one in index]
    for content in (b"{", b"[]", b'{"ready": 1}'):
        assert_failure(client.post("/v2/repository/index", content=content), 400)


def test_readiness_follows_what_is_loaded(start_server: StartServer) -> None:
    server = start_server()
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = {"preset": "linear", "epochs": 1, "train_samples": 1000, "alias": "a"}
        wait_until_ended(client, client.post("/v1/jobs", json=job).json()["id"])
        repository, ready = "/v2/repository/models/a", "/v2/models/a/ready"

        bodies: list[dict[str, Any]] = [{}, {"parameters": {}}]
        for body in bodies:
            assert client.post(f"{repository}/load", json=body).status_code == 200
            assert client.get(ready).status_code == 200
        response = client.post(
            f"{repository}/unload", json={"parameters": {"unload_dependents": False}}
        )
        assert response.status_code == 200
        assert_failure(client.get(ready), 503, "unloaded")
        states = {one["state"] for one in client.post("/v2/repository/index").json()}
        assert states == {"UNAVAILABLE"}
        assert client.post("/v2/repository/index", json={"ready": True}).json() == []
        assert client.get("/v2/models/a").status_code == 200
        assert_failure(client.get(ready), 503)  # to be described is not to be used
        assert client.post("/v2/models/a/infer", json=changed()).status_code == 200
        assert client.get(ready).json() == {"name": "a", "ready": True}
        client.post(f"{repository}/unload")
        client.post(f"{repository}/load")
        assert client.get(ready).status_code == 200


@pytest.mark.parametrize(
    "parameters", [{"config": "{}"}, {"file:1/model.onnx": "AAAA"}, {"config": ""}]
)
def test_a_model_cannot_be_made_another(
    client: httpx.Client, model: dict[str, Any], parameters: dict[str, str]
) -> None:
    path = f"/v2/repository/models/{model['id']}/load"

    response = client.post(path, json={"parameters": parameters})

    assert_failure(response, 501, next(iter(parameters)))


def test_they_are_complete_before_anything_is_asked(start_server: StartServer) -> None:
    server = start_server()

    with httpx.Client(base_url=server.url, timeout=70) as client:
        assert client.get("/v2/models/stats").json() == {"model_stats": []}
        body = {"preset": "linear", "epochs": 1, "train_samples": 1000}
        model_id = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])[
            "model_id"
        ]
        (stats,) = client.get("/v2/models/stats").json()["model_stats"]
        assert (stats["name"], stats["version"]) == (model_id, "1")
        assert all_integers(stats)
        assert stats["inference_count"] == stats["execution_count"] == 0

        path = f"/v2/models/{model_id}"
        client.post(f"{path}/infer", json=tensor(np.zeros((3, 784))))
        client.post(f"{path}/infer", json={})

        (stats,) = client.get(f"{path}/stats").json()["model_stats"]
        assert all_integers(stats)
        assert (stats["inference_count"], stats["execution_count"]) == (3, 1)
        assert stats["last_inference"] > 1.7e12
        figures = stats["inference_stats"]
        assert {name: one["count"] for name, one in figures.items()} == {
            "success": 1,
            "fail": 1,
            "queue": 1,
            "compute_input": 1,
            "compute_infer": 1,
            "compute_output": 1,
            "cache_hit": 0,
            "cache_miss": 0,
        }
        assert 0 < figures["compute_infer"]["ns"] < figures["success"]["ns"]
        (same,) = client.get(f"{path}/versions/1/stats").json()["model_stats"]
        assert same == stats


def all_integers(stats: dict[str, Any]) -> bool:
    durations = stats["inference_stats"].values()
    numbers = [stats["last_inference"], stats["inference_count"], stats["execution_count"]]
    numbers += [one[name] for one in durations for name in ("count", "ns")]
    assert stats["batch_stats"] == []
    return all(type(one) is int and one >= 0 for one in numbers)
