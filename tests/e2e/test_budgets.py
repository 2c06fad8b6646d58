"""What is too large is refused before anything of that size is made, and what grows is ended."""

import time
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer, wait_until_ended
from tests.dataset_files import arrays, npz
from tests.e2e.test_conventions import assert_problem
from tests.e2e.test_datasets import upload, uploaded

Layer = dict[str, Any]
IMAGE = [1, 28, 28]


def dense(units: int) -> Layer:
    return {"type": "dense", "output_dim": units}


def conv(channels: int, **options: Any) -> Layer:
    return {"type": "conv2d", "output_channels": channels, "kernel_size": 3, **options}


def nested(depth: int) -> Layer:
    """A residual in a residual in a residual."""
    layer: Layer = {"type": "relu"}
    for _ in range(depth):
        layer = {"type": "residual", "layers": [layer]}
    return layer


HOSTILE: dict[str, list[Layer]] = {
    "a billion units": [{"type": "flatten"}, dense(10**9)],
    "2^63 units": [{"type": "flatten"}, dense(2**63)],
    "2^70 units": [{"type": "flatten"}, dense(2**70)],
    "a million units twice": [{"type": "flatten"}, dense(10**6), dense(10**6)],
    "a hundred thousand filters": [conv(100_000), conv(100_000)],
    "ten thousand layers": [{"type": "relu"}] * 10_000,
    "deep nesting": [nested(150)],
    "deeper than layers may be": [nested(17)],
    "nesting as deep as JSON may be": [nested(12)] * 190,
    "wide nesting": [{"type": "residual", "layers": [nested(3)] * 50}] * 4,
    "images that double": [{"type": "upsample2d", "factor": 64}] * 200,
    "images that grow": [{**conv(64, stride=64), "type": "conv2d_transpose"}] * 200,
    "a huge shape": [{"type": "reshape", "shape": [10**6, 10**6, 10**6]}],
    "a shape beyond 64 bits": [{"type": "reshape", "shape": [2**62, 2**62, 2**62]}],
    "a kernel beyond the image": [conv(8, padding="valid")] * 20,
    "pooled to nothing": [{"type": "max_pool2d"}] * 10,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", ["/v1/networks/validate", "/v1/networks", "/v1/jobs"])
def test_a_hostile_definition_is_refused_at_once(
    client: httpx.Client, name: str, path: str
) -> None:
    definition = {"input_shape": IMAGE, "layers": HOSTILE[name]}
    body = {"network": definition} if path == "/v1/jobs" else definition
    times = []
    for _ in range(3):  # others use the processor too
        began = time.monotonic()
        answer = client.post(path, json=body)
        times.append(time.monotonic() - began)

        assert answer.status_code in (400, 413, 422), answer.text
        assert_problem(answer, answer.status_code)
    assert min(times) < 1


def test_the_limits_are_all_named(client: httpx.Client) -> None:
    limits = client.get("/v1/limits").json()

    assert limits["job_memory_bytes"] >= 2**27
    assert limits["job_seconds"] == 7 * 24 * 3600
    assert limits["imports"] == 4
    for name in ("storage_bytes", "networks", "models", "datasets", "jobs", "import_seconds"):
        assert limits[name] > 0


def test_a_job_that_would_need_too_much_memory_or_time_is_not_queued(
    start_server: StartServer,
) -> None:
    server = start_server(
        ready=False,
        MNISTRY_MAX_JOB_MEMORY_BYTES=str(256 * 2**20),
        MNISTRY_MAX_JOB_SECONDS="60",
    )
    body = {"preset": "cnn", "batch_size": 4096, "epochs": 1}
    with httpx.Client(base_url=server.url, timeout=70) as client:
        large = client.post("/v1/jobs", json=body)
        long = client.post("/v1/jobs", json={"preset": "linear", "max_seconds": 61})
        planned = client.post(
            "/v1/jobs", json={"preset": "linear", "batch_size": 32, "validate_only": True}
        )
        jobs = client.get("/v1/jobs").json()["data"]

    assert_problem(large, 422)
    assert large.json()["errors"][0]["loc"] == ["batch_size"]
    assert "smaller batch_size" in large.json()["detail"]
    assert_problem(long, 422)
    assert long.json()["errors"][0]["loc"] == ["max_seconds"]
    assert planned.status_code == 200, planned.text
    assert planned.json()["estimate"]["memory_bytes"] < 256 * 2**20
    assert jobs == []


def test_no_job_trains_longer_than_the_service_allows(start_server: StartServer) -> None:
    server = start_server(MNISTRY_MAX_JOB_SECONDS="1", MNISTRY_THREADS="1")
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = client.post("/v1/jobs", json={"preset": "linear", "epochs": 10_000}).json()
        ended = wait_until_ended(client, job["id"])

    assert (ended["status"], ended["stopped_by"]) == ("succeeded", "max_seconds")
    assert ended["model_id"] is not None


def test_where_as_much_is_stored_as_may_be_nothing_more_is(start_server: StartServer) -> None:
    server = start_server(
        "--trainers",
        "0",
        ready=False,
        MNISTRY_MAX_STORAGE_BYTES=str(4 * 2**20),
        MNISTRY_MAX_NETWORKS="2",
    )
    with httpx.Client(base_url=server.url, timeout=70) as client:
        client.post("/v1/networks", json={"preset": "linear"})
        made = client.post("/v1/networks", json={"preset": "linear"})
        assert made.status_code == 201
        one_more = client.post("/v1/networks", json={"preset": "linear"})
        client.delete(made.headers["location"])
        again = client.post("/v1/networks", json={"preset": "linear"})

        uploaded(client, npz(arrays(train=6000)), name="large")
        full = upload(client, npz(arrays()), name="small")
        sweep = {"base": {"preset": "linear"}, "grid": {"batch_size": [32]}}
        refused = [
            client.post("/v1/jobs", json={"preset": "linear"}),
            client.post("/v1/sweeps", json=sweep),
            client.post("/v1/datasets", json={"name": "copy", "from": "mnist"}),
        ]
        assert client.delete("/v1/datasets/large").status_code == 204
        after = upload(client, npz(arrays()), name="small")

    for answer in (one_more, full, *refused):
        assert_problem(answer, 507)
        assert "delete" in answer.json()["detail"]
    assert again.status_code == 201, again.text
    assert after.status_code == 201, after.text
