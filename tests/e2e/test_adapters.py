"""The protocols of other servers, each asked as its own clients ask."""

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import Server, StartServer, wait_until_ended
from tests.e2e.test_conventions import assert_problem
from tests.open_inference import MARGIN


@pytest.fixture
def rows(digits: Any) -> list[list[float]]:
    found: list[list[float]] = (digits[:2] / 255).tolist()
    return found


@pytest.fixture
def seven(client: httpx.Client) -> bytes:
    return client.get("/v1/datasets/mnist/samples/0?split=test").content


@pytest.fixture(scope="module")
def newest(server: Server) -> str:
    """A model that reads digits, and is the newest on the shared server for this file."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = client.post("/v1/jobs", json={"preset": "linear", "epochs": 1}).json()
        model_id: str = wait_until_ended(client, job["id"])["model_id"]
        return model_id


def test_tensorflow_servings_predict(
    client: httpx.Client, model: dict[str, Any], rows: Any, expected: Any, seven: bytes
) -> None:
    path = f"/v1/models/{model['id']}:predict"

    answer = client.post(path, json={"signature_name": "serving_default", "instances": rows})

    assert answer.json().keys() == {"predictions"}
    assert np.array(answer.json()["predictions"]) == pytest.approx(expected[:2], abs=MARGIN)
    image = {"b64": base64.b64encode(seven).decode()}
    as_a_form = {"Content-Type": "application/x-www-form-urlencoded"}  # what `curl -d` says
    read = client.post(path, content=json.dumps({"instances": [image]}), headers=as_a_form)
    assert np.array(read.json()["predictions"]) == pytest.approx(expected[:1], abs=MARGIN)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ("{", 400, "not JSON"),
        ('{"instances": [], "instances": []}', 400, "twice"),
        ("[]", 422, "instances"),
        ("{}", 422, "instances"),
        ('{"instances": {}}', 422, "instances"),
        ('{"instances": []}', 422, "1 to"),
        ('{"instances": [[1, 2, 3]]}', 422, r"shape [3]"),
        ('{"instances": [{"b64": "AAAA"}]}', 422, "image"),
    ],
)
def test_tensorflow_servings_mistakes(
    client: httpx.Client, model: dict[str, Any], body: str, status: int, text: str
) -> None:
    response = client.post(f"/v1/models/{model['id']}:predict", content=body)

    assert text in assert_problem(response, status)["detail"]


def test_a_model_that_is_not_there(client: httpx.Client, seven: bytes) -> None:
    zeros = {"instances": [[0.0] * 784]}

    assert_problem(client.post("/v1/models/none:predict", json=zeros), 404)
    assert_problem(client.post("/predictions/none", content=seven), 404)


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: {"inputs": rows},
        lambda rows: {"inputs": {"input": rows}, "params": {}},
        lambda rows: {"inputs": np.reshape(rows, (2, 28, 28)).tolist()},
        lambda rows: {"inputs": np.reshape(rows, (2, 1, 28, 28)).tolist()},
        lambda rows: {"instances": rows},
        lambda rows: {"dataframe_split": {"columns": list(range(784)), "data": rows}},
        lambda rows: {
            "dataframe_records": [{f"p{i}": p for i, p in enumerate(row)} for row in rows]
        },
    ],
)
def test_every_form_of_an_invocation_is_read(
    client: httpx.Client, newest: str, rows: Any, form: Any
) -> None:
    body = {"instances": rows}
    of_newest = client.post(f"/v1/models/{newest}/predict", json=body).json()["predictions"]

    answer = client.post("/invocations", json=form(rows))

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == [
        pytest.approx(one["probabilities"], abs=MARGIN) for one in of_newest
    ]


def test_one_flat_input_is_a_batch_of_one(client: httpx.Client, newest: str, rows: Any) -> None:
    answer = client.post("/invocations", json={"inputs": rows[0]})

    assert np.shape(answer.json()["predictions"]) == (1, 10)


def test_an_invocation_may_be_an_image(client: httpx.Client, newest: str, seven: bytes) -> None:
    answer = client.post("/invocations", content=seven, headers={"Content-Type": "image/png"})

    assert np.argmax(answer.json()["predictions"]) == 7


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "one of"),
        ([], "one of"),
        ({"inputs": [], "instances": []}, "inputs and instances"),
        ({"inputs": 1}, "list"),
        ({"inputs": []}, "1 to"),
        ({"inputs": [1, 2]}, "shape [2]"),
        ({"dataframe_split": []}, "shape|1 to"),
        ({"dataframe_split": {"columns": []}}, "list"),
        ({"dataframe_records": [{"a": 1}, {"b": 1}]}, "columns"),
        ({"dataframe_records": [1]}, "columns"),
    ],
)
def test_mistakes_in_an_invocation_are_named(
    client: httpx.Client, newest: str, body: Any, text: str
) -> None:
    detail = assert_problem(client.post("/invocations", json=body), 422)["detail"]

    assert any(one in detail for one in text.split("|")), detail


def test_the_process_answers_a_ping(client: httpx.Client) -> None:
    assert client.get("/ping").json() == {"status": "Healthy"}


def test_torchserves_predictions(
    client: httpx.Client, model: dict[str, Any], seven: bytes, expected: Any
) -> None:
    path = f"/predictions/{model['id']}"

    for answer in (
        client.post(path, content=seven),
        client.post(path, content=seven, headers={"Content-Type": "image/png"}),
        client.post(path, files={"data": ("seven.png", seven)}),
        client.post(path, files={"body": ("seven.png", seven)}),
    ):
        assert answer.status_code == 200, answer.text
        probabilities = answer.json()
        assert next(iter(probabilities)) == "7"
        assert [probabilities[label] for label in model["classes"]] == pytest.approx(
            expected[0].tolist(), abs=MARGIN
        )


def test_torchserves_mistakes(client: httpx.Client, model: dict[str, Any], seven: bytes) -> None:
    path = f"/predictions/{model['id']}"

    assert_problem(client.post(path, content=b"nonsense"), 422)
    assert_problem(client.post(path), 422)
    assert "data" in assert_problem(client.post(path, files={"x": ("x", seven)}), 422)["detail"]
    assert (
        "data" in assert_problem(client.post(path, files={"data": (None, "text")}), 422)["detail"]
    )


def test_an_autoencoder_answers_in_its_own_shape(client: httpx.Client, seven: bytes) -> None:
    body = {"preset": "autoencoder", "epochs": 1, "train_samples": 500}
    ended = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    name = ended["model_id"]

    (metadata,) = client.get(f"/v2/models/{name}").json()["outputs"]
    assert metadata == {"name": "reconstruction", "datatype": "FP32", "shape": [-1, 1, 28, 28]}
    given = {"name": "input", "datatype": "UINT8", "shape": [784], "data": [0] * 784}
    (output,) = client.post(f"/v2/models/{name}/infer", json={"inputs": [given]}).json()["outputs"]
    assert (output["name"], output["shape"]) == ("reconstruction", [1, 1, 28, 28])
    answer = client.post(f"/v1/models/{name}:predict", json={"instances": [[0.0] * 784]})
    assert np.shape(answer.json()["predictions"]) == (1, 1, 28, 28)
    refused = client.post(f"/predictions/{name}", content=seven)
    assert "labels" in assert_problem(refused, 422)["detail"]
    wanted = [{"name": "reconstruction", "parameters": {"classification": 1}}]
    classes = client.post(f"/v2/models/{name}/infer", json={"inputs": [given], "outputs": wanted})
    assert classes.status_code == 400
    assert "classification" in classes.json()["error"]


def test_a_reader_may_ask_by_every_protocol(start_server: StartServer) -> None:
    server = start_server(MNISTRY_API_KEYS="reader:r", MNISTRY_MAX_PREDICT_BYTES="5000")

    with httpx.Client(base_url=server.url, timeout=30) as client:
        for path in ("/v1/models/none:predict", "/invocations", "/predictions/none"):
            assert_problem(client.post(path), 401)
            key = {"Authorization": "Bearer r"}
            assert_problem(client.post(path, content=b"{}", headers=key), 404)
            assert_problem(client.post(path, content=b"x" * 5001, headers=key), 413)
        assert_problem(client.get("/ping"), 401)
