"""What is asked of each server, and how its answer is checked."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx
import numpy as np
from peers.mlp import Mlp
from PIL import Image
from wrk import Request

JSON = {"Content-Type": "application/json"}
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Row:
    """One way to have a digit read.

    Attributes:
        name: In the table.
        request: What is sent.
        digit: What the request holds, (784,) in 0..1; None where nothing is read.
        probabilities: How an answer says them.
    """

    name: str
    request: Request
    digit: np.ndarray | None = None
    probabilities: Callable[[httpx.Response], Sequence[float]] | None = None


def first_digit(client: httpx.Client) -> tuple[bytes, np.ndarray]:
    """MNIST's first test digit: as an image, and (784,) in 0..1."""
    png = client.get("/v1/datasets/mnist/samples/0", params={"split": "test"}).content
    return png, np.asarray(Image.open(io.BytesIO(png))).reshape(-1) / 255


def product_rows(client: httpx.Client, png: bytes, digit: np.ndarray) -> list[Row]:
    """The product's own: a digit as JSON, as an image and as a binary tensor."""
    image = Request(_predict_url(client), png, {"Content-Type": "image/png"})
    rows = [json_row(client, digit.round(4)), Row("PNG", image, digit, _probabilities)]
    if client.get("/v2").status_code == httpx.codes.NOT_FOUND:
        print("no row for v2 binary: this version does not answer at /v2")
        return rows
    return [*rows, Row("v2 binary", _tensor(client, digit), digit, _tensor_probabilities)]


def json_row(client: httpx.Client, digit: np.ndarray, name: str = "JSON") -> Row:
    request = Request(_predict_url(client), _instances(digit), JSON)
    return Row(name, request, digit, _probabilities)


def _predict_url(client: httpx.Client) -> str:
    return str(client.base_url.join("/v1/models/bench/predict"))


def _probabilities(answer: httpx.Response) -> Sequence[float]:
    return answer.json()["predictions"][0]["probabilities"]


def peer_rows(peers: Mapping[str, str], digit: np.ndarray) -> list[Row]:
    """The peers' rows, for their URLs."""
    body = _instances(digit)
    return [
        Row(
            "MLServer",
            Request(f"{peers['MLServer']}/v2/models/bench/infer", _v2_json(digit), JSON),
            digit,
            lambda answer: answer.json()["outputs"][0]["data"],
        ),
        Row(
            "LitServe",
            Request(f"{peers['LitServe']}/predict", body, JSON),
            digit,
            lambda answer: answer.json()["probabilities"][0],
        ),
        Row(
            "naive FastAPI",
            Request(f"{peers['naive FastAPI']}/predict", body, JSON),
            digit,
            lambda answer: answer.json()["predictions"][0]["probabilities"],
        ),
        Row("bare constant", Request(f"{peers['bare constant']}/")),
    ]


def _instances(digit: np.ndarray) -> bytes:
    return json.dumps({"instances": [digit.tolist()]}).encode()


def _v2_json(digit: np.ndarray) -> bytes:
    """The Open Inference Protocol's request, its numbers as text."""
    given = {"name": "x", "shape": [1, 784], "datatype": "FP32", "data": digit.tolist()}
    return json.dumps({"inputs": [given]}).encode()


def _tensor(client: httpx.Client, digit: np.ndarray) -> Request:
    """The Open Inference Protocol's request, its numbers as bytes, as Triton's client sends it."""
    wanted = client.get("/v2/models/bench").raise_for_status().json()["inputs"][0]
    numbers = digit.astype("<f4").tobytes()
    given = {
        "name": wanted["name"],
        "datatype": "FP32",
        "shape": [max(1, n) for n in wanted["shape"]],  # -1 stands for any number of digits
        "parameters": {"binary_data_size": len(numbers)},
    }
    header = json.dumps({"inputs": [given], "parameters": {"binary_data_output": True}}).encode()
    headers = {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(len(header)),
    }
    url = str(client.base_url.join("/v2/models/bench/infer"))
    return Request(url, header + numbers, headers)


def _tensor_probabilities(answer: httpx.Response) -> Sequence[float]:
    """The output with ten numbers: what comes before it in the body is counted."""
    at = int(answer.headers["inference-header-content-length"])
    for output in json.loads(answer.content[:at])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        if output["datatype"] == "FP32" and size == 40:
            return np.frombuffer(answer.content, "<f4", 10, at).tolist()
        at += size
    raise RuntimeError("v2 binary: no output holds ten probabilities")


def check(row: Row, mlp: Mlp) -> None:
    """Compare a row's answer with the network in NumPy.

    Raises:
        RuntimeError: It reads something else.
    """
    request = row.request
    answer = httpx.request(
        request.method, request.url, content=request.body, headers=request.headers, timeout=30
    )
    if not answer.is_success:
        raise RuntimeError(f"{row.name} answers {answer.status_code}: {answer.text[:500]}")
    if row.digit is None:
        return
    expected = mlp(row.digit.astype(np.float32)[None])[0]
    got = np.asarray(row.probabilities(answer))
    furthest = np.abs(got - expected).max()
    if got.argmax() != expected.argmax() or furthest > TOLERANCE:
        raise RuntimeError(f"{row.name} reads {got}, expected {expected}")
