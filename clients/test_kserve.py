"""KServe's own REST client, by both of its protocols."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import numpy as np
import pytest
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

MARGIN = 2e-6


def asked(protocol: str, question: Callable[[InferenceRESTClient], Awaitable[object]]) -> object:
    """What a client of a protocol is answered."""

    async def ask() -> object:
        async with InferenceRESTClient(RESTConfig(protocol=protocol)) as client:
            return await question(client)

    return asyncio.run(ask())


def request(model: str, x: np.ndarray, binary: bool, binary_output: bool | None) -> InferRequest:
    given = InferInput("input", list(x.shape), "FP32")
    given.set_data_from_numpy(x, binary_data=binary)
    outputs = None
    if binary_output is not None:
        outputs = [RequestedOutput("probabilities", {"binary_data": binary_output})]
    return InferRequest(model, [given], request_id="ä-1", request_outputs=outputs)


def test_health(url: str, model: str) -> None:
    assert asked("v2", lambda client: client.is_server_live(url)) is True
    assert asked("v2", lambda client: client.is_server_ready(url)) is True
    assert asked("v2", lambda client: client.is_model_ready(url, model)) is True
    assert asked("v2", lambda client: client.is_model_ready(url, "digits")) is True
    assert asked("v2", lambda client: client.is_model_ready(url, "none")) is False
    assert asked("v1", lambda client: client.is_model_ready(url, model)) is True


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("binary_output", [None, False, True])
def test_infer(
    url: str,
    x: np.ndarray,
    expected: np.ndarray,
    binary: bool,
    binary_output: bool | None,
) -> None:
    data = request("digits", x, binary, binary_output)

    answer = asked("v2", lambda client: client.infer(url, data, model_name="digits"))

    assert answer.model_name == "digits"
    assert answer.id == "ä-1"
    (output,) = answer.outputs
    assert output.as_numpy() == pytest.approx(expected, abs=MARGIN)


def test_a_dictionary_will_do(url: str, model: str, x: np.ndarray, expected: np.ndarray) -> None:
    given = {"name": "input", "datatype": "FP32", "shape": [4, 784], "data": x.tolist()}

    answer = asked("v2", lambda client: client.infer(url, {"inputs": [given]}, model_name=model))

    assert answer.outputs[0].as_numpy() == pytest.approx(expected, abs=MARGIN)


def test_what_is_wrong_is_said(url: str, model: str, x: np.ndarray) -> None:
    data = request(model, x[:, :3], binary=True, binary_output=None)

    with pytest.raises(httpx.HTTPStatusError, match=r"expected shape .* got \[4, 3\]"):
        asked("v2", lambda client: client.infer(url, data, model_name=model))
    with pytest.raises(httpx.HTTPStatusError, match="'none'"):
        asked("v2", lambda client: client.infer(url, data, model_name="none"))


def test_predict_by_the_first_protocol(url: str, x: np.ndarray, expected: np.ndarray) -> None:
    body = {"instances": x.tolist()}

    answer = asked("v1", lambda client: client.infer(url, body, model_name="digits"))

    assert np.array(answer["predictions"]) == pytest.approx(expected, abs=MARGIN)
