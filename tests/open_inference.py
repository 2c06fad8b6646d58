"""Requests and answers of the Open Inference Protocol v2, by its letter."""

import json
import re
from typing import Any

import httpx
import numpy as np

LENGTH = "Inference-Header-Content-Length"
MARGIN = 2e-6
"""A row's numbers differ in their last bits with the size of its batch."""


def tensor(x: Any, datatype: str = "FP32", **fields: Any) -> dict[str, Any]:
    x = np.asarray(x)
    given = {"name": "input", "datatype": datatype, "shape": list(x.shape), "data": x.tolist()}
    return {"inputs": [{**given, **fields}]}


def binary(x: Any, datatype: str = "FP32", **fields: Any) -> tuple[dict[str, Any], bytes]:
    x = np.asarray(x)
    given = {
        "name": "input",
        "datatype": datatype,
        "shape": list(x.shape),
        "parameters": {"binary_data_size": x.nbytes},
    }
    return {"inputs": [given], **fields}, x.tobytes()


def output(response: httpx.Response) -> Any:
    """The first output of an answer, in whichever form it is."""
    assert response.status_code == 200, response.text
    length = response.headers.get(LENGTH)
    if length is None:
        assert response.headers["content-type"] == "application/json"
        (one,) = response.json()["outputs"]
        assert "parameters" not in one
        return np.array(one["data"]).reshape(one["shape"])
    assert response.headers["content-type"] == "application/octet-stream"
    document = json.loads(response.content[: int(length)])
    (one,) = document["outputs"]
    raw = response.content[int(length) :]
    assert len(raw) == one["parameters"]["binary_data_size"]
    return np.frombuffer(raw, "<f4").reshape(one["shape"])


def assert_failure(response: httpx.Response, status: int, text: str = "") -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body: dict[str, Any] = response.json()
    assert isinstance(body["error"], str)
    assert re.search(text, body["error"]), body["error"]
    return body


def changed(**fields: Any) -> dict[str, Any]:
    """A request that would be taken, with something else in its input."""
    return tensor(np.zeros((1, 784)), **fields)
