"""The clients that people have: tritonclient's, over HTTP, synchronous and asynchronous.

KServe's has an environment of its own, in clients/.
"""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.utils import InferenceServerException

from tests.conftest import Server
from tests.open_inference import MARGIN

OUTPUT = "probabilities"


@pytest.fixture
def address(server: Server) -> str:
    return urlsplit(server.url).netloc


@pytest.fixture
def tritons(address: str) -> Iterator[Any]:
    with triton.InferenceServerClient(address, network_timeout=60) as client:
        yield client


@pytest.fixture
def name(model: dict[str, Any]) -> str:
    return str(model["id"])


def tensor(module: Any, x: Any, datatype: str, binary: bool = True) -> Any:
    given = module.InferInput("input", list(x.shape), datatype)
    given.set_data_from_numpy(x, binary_data=binary)
    return given


def test_health_metadata_and_configuration(tritons: Any, name: str) -> None:
    assert tritons.is_server_live()
    assert tritons.is_server_ready()
    assert tritons.is_model_ready(name)
    assert tritons.is_model_ready(name, "1")
    assert not tritons.is_model_ready("none")
    assert "statistics" in tritons.get_server_metadata()["extensions"]
    assert tritons.get_model_metadata(name)["outputs"][0]["name"] == OUTPUT
    assert tritons.get_model_metadata(name, name)["versions"] == ["1"]
    config = tritons.get_model_config(name)
    assert config["input"][0]["data_type"] == "TYPE_FP32"


@pytest.mark.parametrize("as_binary", [True, False])
@pytest.mark.parametrize("asked_binary", [True, False, None])
@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_infer(
    tritons: Any,
    name: str,
    digits: Any,
    expected: Any,
    as_binary: bool,
    asked_binary: bool | None,
    compression: str | None,
) -> None:
    x = (digits / 255).astype(np.float32)
    outputs = None
    if asked_binary is not None:
        outputs = [triton.InferRequestedOutput(OUTPUT, binary_data=asked_binary)]

    answer = tritons.infer(
        name,
        [tensor(triton, x, "FP32", as_binary)],
        outputs=outputs,
        request_id="ä",
        priority=1,
        timeout=10_000_000,
        request_compression_algorithm=compression,
        response_compression_algorithm=compression,
        parameters={"explain": True},
    )

    assert answer.as_numpy(OUTPUT) == pytest.approx(expected, abs=MARGIN)
    assert answer.get_response()["id"] == "ä"
    assert answer.get_response()["parameters"]["model_id"] == name


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
def test_a_long_answer_comes_compressed(tritons: Any, name: str, compression: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, (300, 784), np.uint8)
    given = [tensor(triton, x, "UINT8")]

    packed = tritons.infer(name, given, response_compression_algorithm=compression)

    assert (packed.as_numpy(OUTPUT) == tritons.infer(name, given).as_numpy(OUTPUT)).all()


@pytest.mark.parametrize("binary", [True, False])
def test_classification(tritons: Any, name: str, digits: Any, binary: bool) -> None:
    wanted = triton.InferRequestedOutput(OUTPUT, binary_data=binary, class_count=3)

    answer = tritons.infer(name, [tensor(triton, digits, "UINT8")], outputs=[wanted])

    classes = answer.as_numpy(OUTPUT)
    assert classes.shape == (8, 3)
    first = classes[0, 0]
    text = first.decode() if isinstance(first, bytes) else first
    value, index, label = text.split(":")
    assert float(value) > 0.5
    assert index == label == "7"


def test_encoded_images(client: httpx.Client, tritons: Any, name: str, expected: Any) -> None:
    png = client.get("/v1/datasets/mnist/samples/0?split=test").content

    answer = tritons.infer(name, [tensor(triton, np.array([png], np.object_), "BYTES")])

    assert answer.as_numpy(OUTPUT) == pytest.approx(expected[:1], abs=MARGIN)


def test_bf16(tritons: Any, name: str) -> None:
    ink = np.ones((1, 784), np.float32)

    wide = tritons.infer(name, [tensor(triton, ink, "FP32")])
    narrow = tritons.infer(name, [tensor(triton, ink.astype(ml_dtypes.bfloat16), "BF16")])

    assert (wide.as_numpy(OUTPUT) == narrow.as_numpy(OUTPUT)).all()


def test_statistics_and_the_repository(tritons: Any, name: str, digits: Any) -> None:
    before = tritons.get_inference_statistics(name)["model_stats"][0]

    tritons.infer(name, [tensor(triton, digits, "UINT8")])

    (after,) = tritons.get_inference_statistics(name, "1")["model_stats"]
    assert after["inference_count"] == before["inference_count"] + 8
    everything = tritons.get_inference_statistics()["model_stats"]
    assert name in [one["name"] for one in everything]
    index = tritons.get_model_repository_index()
    assert {"name": name, "version": "1", "state": "READY", "reason": ""} in index
    tritons.load_model(name)
    tritons.load_model(name)
    tritons.unload_model(name)
    assert not tritons.is_model_ready(name)
    tritons.load_model(name)
    assert tritons.is_model_ready(name)


def test_what_is_wrong_is_said(tritons: Any, name: str) -> None:
    x = np.zeros((1, 3, 28, 28), np.float32)
    attempts = {
        r"\[-1, 1, 28, 28\].*\[1, 3, 28, 28\]": lambda: tritons.infer(
            name, [tensor(triton, x, "FP32")]
        ),
        "'none'": lambda: tritons.infer("none", [tensor(triton, x, "FP32")]),
        "'logits'": lambda: tritons.infer(
            name,
            [tensor(triton, x[:, :1], "FP32")],
            outputs=[triton.InferRequestedOutput("logits")],
        ),
        "cannot be set": lambda: tritons.load_model(name, config="{}"),
        "shared memory": tritons.get_system_shared_memory_status,
        "log": tritons.get_log_settings,
        "trace": tritons.get_trace_settings,
    }

    for text, attempt in attempts.items():
        with pytest.raises(InferenceServerException, match=text):
            attempt()


def test_an_asynchronous_request(tritons: Any, name: str, digits: Any, expected: Any) -> None:
    waiting = [tritons.async_infer(name, [tensor(triton, digits, "UINT8")]) for _ in range(4)]

    for one in waiting:
        answer = one.get_result().as_numpy(OUTPUT)
        assert answer == pytest.approx(expected, abs=MARGIN)


def test_the_client_for_asyncio(address: str, name: str, digits: Any, expected: Any) -> None:
    async def journey() -> None:
        async with triton_aio.InferenceServerClient(address) as client:
            assert await client.is_server_live()
            assert await client.is_server_ready()
            assert await client.is_model_ready(name)
            assert (await client.get_server_metadata())["name"] == "mnistry"
            assert (await client.get_model_metadata(name))["name"] == name
            assert (await client.get_model_config(name))["max_batch_size"] > 1
            assert await client.get_model_repository_index()
            assert (await client.get_inference_statistics(name))["model_stats"]
            for binary in (True, False):
                for compression in (None, "gzip", "deflate"):
                    answer = await client.infer(
                        name,
                        [tensor(triton_aio, digits, "UINT8", binary)],
                        outputs=[triton_aio.InferRequestedOutput(OUTPUT, binary_data=binary)],
                        request_compression_algorithm=compression,
                        response_compression_algorithm=compression,
                    )
                    assert answer.as_numpy(OUTPUT) == pytest.approx(expected, abs=MARGIN)
            with pytest.raises(InferenceServerException, match="'none'"):
                await client.infer("none", [tensor(triton_aio, digits, "UINT8")])

    asyncio.run(journey())
