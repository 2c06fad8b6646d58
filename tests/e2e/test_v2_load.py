"""The Open Inference Protocol v2: many at a time, who leave, and more than can be served."""

import asyncio
import json
import random
from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import Server, wait_until_ended
from tests.open_inference import LENGTH, MARGIN, assert_failure, binary, output


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


def test_more_than_can_wait_is_refused_at_once(client: httpx.Client, server: Server) -> None:
    job = {"preset": "lenet5", "epochs": 1, "train_samples": 500}
    ended = wait_until_ended(client, client.post("/v1/jobs", json=job).json()["id"])
    document, raw = binary(np.zeros((1024, 784), np.uint8), "UINT8")

    async def thirty() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, timeout=70) as client:
            asked = [infer_async(client, ended["model_id"], document, raw) for _ in range(30)]
            return await asyncio.gather(*asked)

    answers = asyncio.run(thirty())

    assert {one.status_code for one in answers} == {200, 503}
    for refused in (one for one in answers if one.status_code == 503):
        assert_failure(refused, 503, "wait already")
        assert int(refused.headers["retry-after"]) >= 1


async def infer_async(
    client: httpx.AsyncClient, name: str, document: dict[str, Any], raw: bytes
) -> httpx.Response:
    text = json.dumps(document).encode()
    headers = {LENGTH: str(len(text))}
    return await client.post(f"/v2/models/{name}/infer", content=text + raw, headers=headers)
