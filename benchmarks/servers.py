"""The product and its peers, each answering on a port of its own until its block ends."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from processes import free_port, running

ROOT = Path(__file__).parent.parent
PEERS = Path(__file__).parent / "peers"
MLSERVER = ROOT / ".venv-mlserver" / "bin" / "mlserver"
JOB = {"preset": "mlp", "epochs": 1, "train_samples": 10000, "seed": 1, "alias": "bench"}
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1"}
"""The product sees to this by itself: a second thread only costs where a batch is one digit."""


@contextmanager
def product(folder: Path, workers: int = 1) -> Iterator[httpx.Client]:
    """The service with the model that is asked, its trainer idle: a client for it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    options = ["--port", str(port), "--data-dir", str(folder / "data"), "--workers", str(workers)]
    command = [sys.executable, "-m", "app", "serve", *options]
    ready = f"{url}/readyz"
    with (
        running(command, ready, folder, {"PYTHONPATH": str(ROOT)}),
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        trained(client, JOB)
        yield client


def trained(client: httpx.Client, body: Mapping[str, object]) -> dict:
    """A job that was asked for and has succeeded."""
    job = post(client, "/v1/jobs", body)
    while job["finished_at"] is None:
        job = client.get(f"/v1/jobs/{job['id']}", params={"wait": 30}).json()
    if job["status"] != "succeeded":
        raise RuntimeError(f"the model was not trained: {job['error']}")
    return job


@contextmanager
def script(folder: Path, name: str, alive: str, *arguments: str) -> Iterator[str]:
    """A peer that is a script: its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(PEERS / name), str(port), *arguments]
    with running(command, url + alive, folder, ONE_THREAD):
        yield url


@contextmanager
def mlserver(folder: Path, weights: Path) -> Iterator[str]:
    """MLServer, all in one process: its URL."""
    models = folder.with_name("models")
    models.mkdir()
    port = free_port()
    settings = {
        "host": "127.0.0.1",
        "http_port": port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": 0,
        "debug": False,
    }
    model = {
        "name": "bench",
        "implementation": "mlserver_peer.Digits",
        "parameters": {"uri": str(weights)},
    }
    (models / "settings.json").write_text(json.dumps(settings))
    (models / "model-settings.json").write_text(json.dumps(model))
    url = f"http://127.0.0.1:{port}"
    environment = {**ONE_THREAD, "PYTHONPATH": str(PEERS)}
    command = [str(MLSERVER), "start", str(models)]
    with running(command, f"{url}/v2/models/bench/ready", folder, environment):
        yield url


def start_peers(folder: Path, weights: Path, stack: ExitStack) -> dict[str, str]:
    """The URL of each, by the name of its row."""
    start, path = stack.enter_context, str(weights)
    return {
        "MLServer": start(mlserver(folder / "mlserver", weights)),
        "LitServe": start(script(folder / "litserve", "litserve_peer.py", "/health", path)),
        "naive FastAPI": start(script(folder / "naive", "naive.py", "/docs", path)),
        "bare constant": start(script(folder / "bare", "bare.py", "/")),
    }


def post(client: httpx.Client, path: str, body: object = None) -> dict:
    """Send JSON; the answer's."""
    return client.post(path, json=body).raise_for_status().json()
