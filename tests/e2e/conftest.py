"""What the tests of the Open Inference Protocol ask, and what /v1 answers to it."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import Server
from tests.open_inference import LENGTH


@pytest.fixture(scope="session")
def digits(server: Server) -> Any:
    """Eight test digits as MNIST has them, (8, 784), uint8."""
    with httpx.Client(base_url=server.url) as client:
        images = [sample(client, i) for i in range(8)]
    return np.stack(images)


def sample(client: httpx.Client, index: int) -> Any:
    png = client.get(f"/v1/datasets/mnist/samples/{index}", params={"split": "test"}).content
    return np.asarray(Image.open(BytesIO(png))).reshape(784)


@pytest.fixture
def infer(client: httpx.Client, model: dict[str, Any]) -> Callable[..., httpx.Response]:
    """Send a request to infer: a document, and what is behind it."""
    path = f"/v2/models/{model['id']}/infer"

    def send(document: Any, raw: bytes = b"", **headers: str) -> httpx.Response:
        text = json.dumps(document).encode()
        if raw:
            headers[LENGTH] = str(len(text))
        return client.post(path, content=text + raw, headers=headers)

    return send


@pytest.fixture(scope="session")
def expected(server: Server, model: dict[str, Any], digits: Any) -> Any:
    """What /v1 says of these digits."""
    body = {"instances": (digits / 255).tolist()}
    answer = httpx.post(f"{server.url}/v1/models/{model['id']}/predict", json=body).json()
    return np.array([one["probabilities"] for one in answer["predictions"]])
