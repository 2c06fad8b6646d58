"""Serving under load: many callers, aliases on the move, several processes, too little time."""

import asyncio
import json
import os
import random
import re
import signal
import threading
import time
from typing import Any

import httpx
import numpy as np
import pytest

from app.store import mnist
from tests.conftest import Server, StartServer, wait_until_ended
from tests.processes import children

CALLERS = 200

WIDE = {
    "input_shape": [1, 28, 28],
    "layers": [
        {"type": "flatten"},
        {"type": "dense", "output_dim": 4000},
        {"type": "relu"},
        {"type": "dense", "output_dim": 10},
        {"type": "softmax"},
    ],
}
"""Too large to be run on the event loop, and quickly trained."""


@pytest.fixture(scope="module")
def wide(server: Server) -> str:
    return _train(server.url, network=WIDE)


def _train(url: str, **changes: Any) -> str:
    with httpx.Client(base_url=url, timeout=70) as client:
        job = {"epochs": 1, "seed": 1, "train_samples": 256, **changes}
        ended = wait_until_ended(client, client.post("/v1/jobs", json=job).json()["id"])
        assert ended["status"] == "succeeded", ended["error"]
        return str(ended["model_id"])


def digits(count: int) -> list[list[float]]:
    images = mnist.read("test").images[:count].reshape(count, -1)
    numbers: list[list[float]] = np.round(images / 255, 4).tolist()
    return numbers


def test_every_caller_gets_its_own_answer_though_others_hang_up(server: Server, wide: str) -> None:
    rows = digits(CALLERS)
    path = f"/v1/models/{wide}/predict"
    together = []
    for i in range(0, CALLERS, 50):
        answer = httpx.post(server.url + path, json={"instances": rows[i : i + 50]}, timeout=60)
        together += [one["probabilities"] for one in answer.json()["predictions"]]
    rng = random.Random(0)
    hanging_up = set(rng.sample(range(CALLERS), CALLERS // 4))

    async def call(client: httpx.AsyncClient, i: int) -> Any:
        await asyncio.sleep(rng.uniform(0, 1))
        patience = rng.uniform(0.001, 0.03) if i in hanging_up else 60
        try:
            return await client.post(path, json={"instances": [rows[i]]}, timeout=patience)
        except httpx.TimeoutException:
            return None

    async def all_of_them() -> list[Any]:
        limits = httpx.Limits(max_connections=CALLERS)
        async with httpx.AsyncClient(base_url=server.url, limits=limits) as client:
            return await asyncio.gather(*(call(client, i) for i in range(CALLERS)))

    answers = asyncio.run(all_of_them())

    assert sum(answer is not None for answer in answers) >= CALLERS - len(hanging_up)
    for i, answer in enumerate(answers):
        assert answer is not None or i in hanging_up
        if answer is not None:
            assert answer.status_code == 200, answer.text
            (prediction,) = answer.json()["predictions"]
            assert np.allclose(prediction["probabilities"], together[i], atol=1e-5)


def test_an_alias_moves_without_a_failed_or_mixed_answer(
    server: Server, model: dict[str, Any], wide: str
) -> None:
    (row,) = digits(1)
    body = json.dumps({"instances": [row]})
    headers = {"Content-Type": "application/json"}

    def probabilities(name: str, client: httpx.Client) -> tuple[str, list[float]]:
        answer = client.post(f"/v1/models/{name}/predict", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return found["model_id"], found["predictions"][0]["probabilities"]

    with httpx.Client(base_url=server.url, timeout=30) as client:
        expected = dict(probabilities(name, client) for name in (model["id"], wide))
        client.put("/v1/aliases/moving", json={"model_id": wide}).raise_for_status()
        seen: list[tuple[str, list[float]]] = []
        over = threading.Event()

        def ask() -> None:
            with httpx.Client(base_url=server.url, timeout=30) as own:
                while not over.is_set():
                    seen.append(probabilities("moving", own))

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for one in askers:
            one.start()
        for i in range(20):
            target = (model["id"], wide)[i % 2]
            client.put("/v1/aliases/moving", json={"model_id": target}).raise_for_status()
            time.sleep(0.05)
        over.set()
        for one in askers:
            one.join()
        client.delete("/v1/aliases/moving").raise_for_status()

    assert len(seen) > 50
    assert {model_id for model_id, _ in seen} == set(expected)
    for model_id, found in seen:
        assert np.allclose(found, expected[model_id], atol=1e-5)


def test_where_the_time_went_is_said(client: httpx.Client, model: dict[str, Any]) -> None:
    answer = client.post(f"/v1/models/{model['id']}/predict", json={"instances": digits(1)})

    timing = answer.headers["Server-Timing"]
    names = re.findall(r"(\w+);(?:dur=[0-9.]+|desc=\"1\")", timing)
    assert names == ["read", "queue", "compute", "write", "batch"]


def test_a_prediction_that_takes_too_long_is_given_up(
    start_server: StartServer,
) -> None:
    server = start_server(MNISTRY_PREDICT_SECONDS="0.0005")
    slow = _train(server.url, network=WIDE)

    answer = httpx.post(f"{server.url}/v1/models/{slow}/predict", json={"instances": digits(1)})

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "no answer within 0.0005 s" in answer.json()["detail"]
    figures = httpx.get(f"{server.url}/metrics").text
    assert f'nv_inference_request_failure{{model="{slow}",version="1"}} 1.0' in figures


def test_several_processes_answer_for_all_of_them(start_server: StartServer) -> None:
    server = start_server("--workers", "2")
    model = _train(server.url, preset="linear")
    body = {"instances": digits(2)}

    def ask(times: int) -> None:
        for _ in range(times):  # each on a connection of its own, so that both are asked
            answer = httpx.post(f"{server.url}/v1/models/{model}/predict", json=body)
            assert answer.status_code == 200

    def figure(name: str) -> float:
        text = httpx.get(f"{server.url}/metrics").text
        found = re.search(rf"^{name}{{.*{model}.*}} (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    ask(40)
    assert figure("mnistry_inference_seconds_count") == 40
    assert figure("nv_inference_count") == 80
    assert figure("nv_inference_exec_count") == 40

    # What a process has counted is not forgotten when it dies.
    os.kill(_a_worker(server), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while httpx.get(f"{server.url}/readyz").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    ask(10)
    assert figure("nv_inference_count") == 100


def _a_worker(server: Server) -> int:
    return next(pid for pid, cmd in children(server.process.pid).items() if " api " in cmd)
