"""A service from the product's environment, with a model that reads digits."""

import os
import re
import subprocess
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

PYTHON = os.environ.get("MNISTRY_PYTHON", ".venv/bin/python")
"""The interpreter that has the product; this one has its clients."""


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("service")
    command = [PYTHON, "-m", "app", "serve", "--port", "0", "--data-dir", str(directory / "data")]
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        found = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert found, (directory / "log").read_text()
        yield found.group()
        process.terminate()


@pytest.fixture(scope="session")
def model(url: str) -> str:
    """The id of a model; `digits` is its alias."""
    with httpx.Client(base_url=url, timeout=60) as client:
        deadline = time.monotonic() + 60
        while not is_ready(client):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        body = {"preset": "linear", "epochs": 1, "seed": 1, "alias": "digits"}
        job = client.post("/v1/jobs", json=body).json()
        while job["finished_at"] is None:
            job = client.get(f"/v1/jobs/{job['id']}", params={"wait": 30}).json()
        return str(job["model_id"])


def is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def x() -> np.ndarray:
    """Some inputs, four and 784 numbers 0..1 each."""
    return np.random.default_rng(0).random((4, 784), np.float32)


@pytest.fixture(scope="session")
def expected(url: str, model: str, x: np.ndarray) -> np.ndarray:
    """What the service's own protocol answers to them."""
    answer = httpx.post(f"{url}/v1/models/{model}/predict", json={"instances": x.tolist()}).json()
    return np.array([one["probabilities"] for one in answer["predictions"]])
