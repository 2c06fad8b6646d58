"""The Open Inference Protocol v2: many at a time, who leave, and more than can be served."""

import asyncio
import json
import random
import re
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from tests.conftest import Server, wait_until_ended
from tests.open_inference import LENGTH, MARGIN, assert_failure, binary, changed, output


def test_two_hundred_at_once_each_get_their_own(server: Server, model: dict[str, Any]) -> None:
    """Some leave before they are answered, and some send so many rows that these are batched."""
    chance = random.Random(3)
    inputs = [
        np.random.default_rng(i).integers(0, 256, (chance.choice([1, 1, 2, 60]), 784), np.uint8)
        for i in range(200)
    ]
    leaving = chance.sample(range(200), 50)

    async def ask(client: httpx.AsyncClient, i: int) -> httpx.Response:
        document, raw = binary(inputs[i], "UINT8", id=str(i))
        document["parameters"] = {"binary_data_output": True}
        return await infer_async(client, model["id"], document, raw)

    async def all_of_them() -> tuple[list[Any], list[httpx.Response]]:
        limits = httpx.Limits(max_connections=200)
        async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
            tasks = [asyncio.create_task(ask(client, i)) for i in range(200)]
            for i in leaving:
                asyncio.get_running_loop().call_later(chance.uniform(0, 0.2), tasks[i].cancel)
            together = await asyncio.gather(*tasks, return_exceptions=True)
            return together, [await ask(client, i) for i in range(200)]

    together, alone = asyncio.run(all_of_them())

    answered = [i for i, one in enumerate(together) if isinstance(one, httpx.Response)]
    assert len(answered) >= 150
    for i in answered:
        length = int(together[i].headers[LENGTH])
        assert json.loads(together[i].content[:length])["id"] == str(i)
        assert output(together[i]) == pytest.approx(output(alone[i]), abs=5 * MARGIN)  # noise


@pytest.fixture(scope="module")
def slow(server: Server) -> str:
    """A model that takes a while for a thousand rows."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        convolution = {"type": "conv2d", "output_channels": 32, "kernel_size": 5}
        layers = [
            *(convolution, {"type": "relu"}, {"type": "max_pool2d"}),
            *(convolution, {"type": "relu"}, {"type": "flatten"}),
            *({"type": "dense", "output_dim": 10}, {"type": "softmax"}),
        ]
        network = {"input_shape": [1, 28, 28], "layers": layers}
        job = {"network": network, "epochs": 1, "train_samples": 200}
        ended = wait_until_ended(client, client.post("/v1/jobs", json=job).json()["id"])
        model_id: str = ended["model_id"]
        return model_id


def test_more_than_can_wait_is_refused_at_once(server: Server, slow: str) -> None:
    document, raw = binary(np.zeros((1024, 784), np.uint8), "UINT8")

    async def thirty() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, timeout=70) as client:
            asked = [infer_async(client, slow, document, raw) for _ in range(30)]
            return await asyncio.gather(*asked)

    answers = asyncio.run(thirty())

    assert {one.status_code for one in answers} == {200, 503}
    for refused in (one for one in answers if one.status_code == 503):
        assert_failure(refused, 503, "wait already")
        assert int(refused.headers["retry-after"]) >= 1


def test_a_timeout_fires_while_a_long_batch_runs(
    client: httpx.Client, server: Server, slow: str
) -> None:
    many, raw = binary(np.zeros((1024, 784), np.uint8), "UINT8")
    impatient = {**changed(), "parameters": {"timeout": 1000}}

    async def all_of_them() -> tuple[httpx.Response, list[bool]]:
        async with httpx.AsyncClient(base_url=server.url, timeout=70) as other:
            long = [asyncio.create_task(infer_async(other, slow, many, raw)) for _ in range(6)]
            await asyncio.to_thread(wait_until_rows_wait, client, 3 * 1024)
            refused = await other.post(f"/v2/models/{slow}/infer", json=impatient)
            running = [not one.done() for one in long]
            assert [one.status_code for one in await asyncio.gather(*long)] == [200] * 6
            return refused, running

    refused, running = asyncio.run(all_of_them())

    assert_failure(refused, 503, "no answer within 0.001 s")
    assert any(running)


def test_to_unload_ends_nothing_that_runs(client: httpx.Client, server: Server, slow: str) -> None:
    many, raw = binary(np.zeros((1024, 784), np.uint8), "UINT8")

    async def all_of_them() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, timeout=70) as other:
            long = [asyncio.create_task(infer_async(other, slow, many, raw)) for _ in range(6)]
            await asyncio.to_thread(wait_until_rows_wait, client, 3 * 1024)
            unloaded = await other.post(f"/v2/repository/models/{slow}/unload")
            assert unloaded.status_code == 200
            assert (await other.get(f"/v2/models/{slow}/ready")).status_code == 503
            return await asyncio.gather(*long)

    answers = asyncio.run(all_of_them())

    assert [one.status_code for one in answers] == [200] * 6
    assert client.post(f"/v2/models/{slow}/infer", json=changed()).status_code == 200
    assert client.get(f"/v2/models/{slow}/ready").status_code == 200


def test_who_goes_away_is_not_computed(client: httpx.Client, server: Server, slow: str) -> None:
    document, raw = binary(np.zeros((1024, 784), np.uint8), "UINT8")
    text = json.dumps(document).encode()
    head = (
        f"POST /v2/models/{slow}/infer HTTP/1.1\r\nHost: localhost\r\n"
        f"{LENGTH}: {len(text)}\r\nContent-Length: {len(text) + len(raw)}\r\n\r\n"
    )
    before = rows_computed(client, slow)
    address = urlsplit(server.url)

    clients = [socket.create_connection((address.hostname, address.port)) for _ in range(7)]
    for one in clients:
        one.sendall(head.encode() + text + raw)
    wait_until_rows_wait(client, 4 * 1024)
    for one in clients:
        one.close()

    assert client.post(f"/v2/models/{slow}/infer", json=changed()).status_code == 200
    assert rows_computed(client, slow) - before <= 6 * 1024 + 1  # and not all seven


def wait_until_rows_wait(client: httpx.Client, rows: int) -> None:
    deadline = time.monotonic() + 20
    pattern = re.compile(r"^mnistry_inference_waiting_rows (\S+)", re.MULTILINE)
    while time.monotonic() < deadline:
        found = pattern.search(client.get("/metrics").text)
        if found and float(found[1]) >= rows:
            return
        time.sleep(0.002)
    pytest.fail(f"there were never {rows} rows waiting")


def rows_computed(client: httpx.Client, name: str) -> int:
    (stats,) = client.get(f"/v2/models/{name}/stats").json()["model_stats"]
    count: int = stats["inference_count"]
    return count


async def infer_async(
    client: httpx.AsyncClient, name: str, document: dict[str, Any], raw: bytes
) -> httpx.Response:
    text = json.dumps(document).encode()
    headers = {LENGTH: str(len(text))}
    return await client.post(f"/v2/models/{name}/infer", content=text + raw, headers=headers)
