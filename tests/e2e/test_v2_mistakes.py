"""The Open Inference Protocol v2: what is wrong with a request is said, and never a 500."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from tests.open_inference import LENGTH, assert_failure, binary, changed

ZEROS = [0.0] * 784


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "inputs"),
        ({}, "inputs"),
        ({"inputs": []}, "0 of them"),
        ({"inputs": {}}, "dict"),
        ({"inputs": [1]}, "inputs"),
        (changed(name="image"), "'image'"),
        (changed(name=None), "None"),
        (changed(datatype="FP8"), "FP32"),
        (changed(datatype=[]), "FP32"),
        (changed(shape=[1, 3, 28, 28]), r"\[-1, 1, 28, 28\].*\[1, 3, 28, 28\]"),
        (changed(shape=[2, 784]), r"1,568 elements, data has 784"),
        (changed(shape=[2**63, 784]), "rows"),
        (changed(shape=[2**64, 784]), "rows|dimension"),
        (changed(shape=[10**400]), "shape|JSON"),
        (changed(shape=[0, 784]), "dimension"),
        (changed(shape=[-1, 784]), "dimension"),
        (changed(shape=[True, 784]), "dimension"),
        (changed(shape=[1.0, 784]), "dimension"),
        (changed(shape=[1] * 9), "shape"),
        (changed(shape=784), "shape"),
        (changed(shape=None), "shape"),
        (changed(data=None), "data"),
        (changed(data=1), "data"),
        (changed(data=[]), "data has 0"),
        (changed(data=[[0], [0, 1]]), "lengths|elements"),
        (changed(data=[True, *ZEROS[1:]]), "numbers"),
        (changed(data=["0", *ZEROS[1:]]), "numbers"),
        (changed(data=[None, *ZEROS[1:]]), "numbers"),
        (changed(data=[{}, *ZEROS[1:]]), "numbers"),
        (changed(data=[10**30, *ZEROS[1:]], datatype="INT8"), "integers"),
        (changed(data=[256] * 784, datatype="UINT8"), "256"),
        (changed(data=[0.5] * 784, datatype="UINT8"), "integers"),
        (changed(data=[0] * 784, datatype="BOOL"), "true and false"),
        (changed(data=ZEROS, datatype="BYTES"), "expected shape"),
        (changed(shape=[1], data=[1], datatype="BYTES"), "base64"),
        (changed(shape=[1], data=["é"], datatype="BYTES"), "base64"),
        (changed(parameters=[]), "parameters"),
        (changed(parameters={"binary_data_size": 3136}), "not both"),
        (changed(parameters={"shared_memory_region": "r"}), "shared memory"),
        ({**changed(), "parameters": {"timeout": -1}}, "timeout"),
        ({**changed(), "parameters": {"timeout": True}}, "timeout"),
        ({**changed(), "parameters": {"priority": "high"}}, "priority"),
        ({**changed(), "parameters": {"binary_data_output": 1}}, "binary_data_output"),
        ({**changed(), "parameters": {"sequence_id": 5}}, "state"),
        ({**changed(), "id": 5}, "id"),
        ({**changed(), "outputs": {}}, "outputs"),
        ({**changed(), "outputs": [{"name": "logits"}]}, "'probabilities', got 'logits'"),
        ({**changed(), "outputs": [{"name": "probabilities"}] * 9}, "at most 8"),
    ],
)
def test_is_named_and_a_body_that_works_is_shown(
    infer: Callable[..., Any], document: Any, text: str
) -> None:
    body = assert_failure(infer(document), 400, text)

    assert infer(body["sample"]).status_code == 200


@pytest.mark.parametrize(
    "parameters",
    [
        {"classification": 0},
        {"classification": -1},
        {"classification": 1.5},
        {"binary_data": 1},
        {"shared_memory_region": "r"},
    ],
)
def test_in_an_output_is_named(infer: Callable[..., Any], parameters: dict[str, Any]) -> None:
    outputs = [{"name": "probabilities", "parameters": parameters}]

    assert_failure(infer({**changed(), "outputs": outputs}), 400, next(iter(parameters))[:6])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'{"inputs": [{"name": "input", "datatype": "FP32", "shape": [1], "data": [NaN]}]}',
        b'{"inputs": [], "inputs": []}',
        b'{"inputs": [{"name": "input", "name": "input"}]}',
        b'{"id": ":", "parameters": {"timeout": 1, "timeout": 2}, "inputs": []}',
        b'{"id": "\\ud800"}',
        b'{"inputs": 1e999}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_strict_json_is_refused(
    client: httpx.Client, model: dict[str, Any], content: bytes
) -> None:
    response = client.post(f"/v2/models/{model['id']}/infer", content=content)

    assert_failure(response, 400, "body|inputs")


@pytest.mark.parametrize("length", ["-1", "x", "1.5", "", "999999", "9" * 5000, "٣"])
def test_a_length_that_cannot_be_is_refused(
    client: httpx.Client, model: dict[str, Any], length: str
) -> None:
    headers = {LENGTH.encode(): length.encode()}
    content = json.dumps(changed()).encode()

    response = client.post(f"/v2/models/{model['id']}/infer", content=content, headers=headers)

    assert_failure(response, 400, LENGTH)


def test_bytes_must_be_as_many_as_the_shape_says(infer: Callable[..., Any]) -> None:
    document, raw = binary(np.zeros((1, 784), np.float32))
    fewer = {"inputs": [{**document["inputs"][0], "shape": [2, 784]}]}

    assert_failure(infer(document, raw + b"\0"), 400, "3,136 .* 3,137")
    assert_failure(infer(document, raw[:-1]), 400, "3,136 .* 3,135")
    assert_failure(infer(fewer, raw), 400, "6,272 bytes, got 3,136")
    assert_failure(infer(changed(), b"more"), 400, "unexpected additional input data: 4")


@pytest.mark.parametrize(
    "raw", [b"\1", b"\5\0\0\0abc", b"\xff\xff\xff\xff", b"\0\0\0\0\0\0\0\0", b"\0" * 5]
)
def test_bytes_of_bytes_must_add_up(infer: Callable[..., Any], raw: bytes) -> None:
    given = {"name": "input", "datatype": "BYTES", "shape": [1]}

    document = {"inputs": [{**given, "parameters": {"binary_data_size": len(raw)}}]}

    assert_failure(infer(document, raw), 400, "BYTES")


def test_a_body_that_goes_on_is_cut_off(client: httpx.Client, model: dict[str, Any]) -> None:
    pieces = iter([b" " * 2**20] * 17)

    response = client.post(f"/v2/models/{model['id']}/infer", content=pieces)

    assert_failure(response, 413, "16,777,216")
