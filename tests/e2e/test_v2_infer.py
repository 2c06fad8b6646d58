"""The Open Inference Protocol v2: every form of input and of answer."""

import base64
import gzip
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest

from app.formats.tensors_v2 import NUMBERS
from tests.open_inference import LENGTH, MARGIN, assert_failure, binary, changed, output, tensor


@pytest.mark.parametrize(
    "shape",
    [
        (1, 1, 28, 28),
        (1, 28, 28),
        (28, 28),
        (784,),
        (1, 784),
        (8, 784),
        (8, 28, 28),
        (8, 1, 28, 28),
    ],
)
def test_shapes_that_can_only_mean_one_thing_are_taken(
    infer: Callable[..., Any], digits: Any, expected: Any, shape: tuple[int, ...]
) -> None:
    rows = int(np.prod(shape)) // 784
    x = (digits[:rows] / 255).astype(np.float32).reshape(shape)

    for response in (infer(tensor(x)), infer(*binary(x))):
        assert output(response) == pytest.approx(expected[:rows], abs=MARGIN)


def test_data_may_be_flat_or_nested(infer: Callable[..., Any], digits: Any, expected: Any) -> None:
    x = digits[:2] / 255
    flat = tensor(x, data=x.reshape(-1).tolist())

    assert output(infer(flat)) == pytest.approx(expected[:2], abs=MARGIN)


@pytest.mark.parametrize("datatype", NUMBERS)
def test_every_datatype_is_cast(infer: Callable[..., Any], datatype: str) -> None:
    ink = np.random.default_rng(0).integers(0, 2, (3, 784))
    answers = output(infer(tensor(ink, "INT64")))
    x = ink.astype(NUMBERS[datatype]) * (255 if datatype == "UINT8" else 1)
    x = x.astype(NUMBERS[datatype])

    assert output(infer(tensor(x, datatype))) == pytest.approx(answers, abs=MARGIN)
    assert output(infer(*binary(x, datatype))) == pytest.approx(answers, abs=MARGIN)


def test_bf16_is_read_from_bytes_alone(infer: Callable[..., Any], digits: Any) -> None:
    wide = (digits[:2] / 255).astype("<f4").view("<u4") & np.uint32(0xFFFF0000)
    narrow = (wide >> 16).astype("<u2")

    answer = output(infer(*binary(narrow, "BF16")))

    assert answer == pytest.approx(output(infer(tensor(wide.view("<f4")))), abs=MARGIN)
    assert_failure(infer(tensor(digits[:1] / 255, "BF16")), 400, "BF16")


def test_images_are_prepared_as_everywhere(
    client: httpx.Client, infer: Callable[..., Any], expected: Any
) -> None:
    path = "/v1/datasets/mnist/samples/{}?split=test"
    images = [client.get(path.format(i)).content for i in range(2)]
    raw = b"".join(struct.pack("<I", len(one)) + one for one in images)
    texts = [base64.b64encode(one).decode() for one in images]
    given = {"name": "input", "datatype": "BYTES"}
    behind = {"inputs": [{**given, "shape": [2, 1], "parameters": {"binary_data_size": len(raw)}}]}

    for response in (
        infer({"inputs": [{**given, "shape": [2], "data": texts}]}),
        infer(behind, raw),
    ):
        assert output(response) == pytest.approx(expected[:2], abs=MARGIN)


def test_an_image_that_is_none_is_named(infer: Callable[..., Any]) -> None:
    given = {"name": "input", "datatype": "BYTES", "shape": [1], "data": ["AAAA"]}

    assert_failure(infer({"inputs": [given]}), 400, "element 0")


def test_a_body_without_json_is_one_input(
    client: httpx.Client, model: dict[str, Any], digits: Any, expected: Any
) -> None:
    path = f"/v2/models/{model['id']}/infer"
    png = client.get("/v1/datasets/mnist/samples/0?split=test").content
    pixels = digits[0]

    for body in (pixels.tobytes(), (pixels / 255).astype("<f4").tobytes(), png):
        response = client.post(path, content=body, headers={LENGTH: "0"})
        assert output(response) == pytest.approx(expected[:1], abs=MARGIN)
    nonsense = client.post(path, content=b"\0" * 100, headers={LENGTH: "0"})
    assert_failure(nonsense, 400)


def test_numbers_outside_are_taken_with_a_warning(infer: Callable[..., Any]) -> None:
    document = infer(tensor(np.full((1, 784), 255.0))).json()

    assert "FP32" in document["parameters"]["warnings"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_computed_in_binary_alone(
    infer: Callable[..., Any], value: float
) -> None:
    document, raw = binary(np.full((1, 784), value, np.float32))
    wanted = {**document, "parameters": {"binary_data_output": True}}

    assert not np.isfinite(output(infer(wanted, raw))).all()
    assert_failure(infer(document, raw), 400, "finite")


@pytest.mark.parametrize("id_", ["", "a", "0b4f5fe5-6e0a-4ef5-a1fa-4e5c1a4a5d5f", "ψ👩‍🔬"])
def test_an_id_is_said_again(infer: Callable[..., Any], id_: str) -> None:
    answer = infer({**changed(), "id": id_}).json()

    assert answer.get("id", "") == id_


def test_without_an_id_there_is_none(infer: Callable[..., Any]) -> None:
    assert "id" not in infer(changed()).json()


def test_what_is_not_known_is_not_looked_at(infer: Callable[..., Any], expected: Any) -> None:
    document = {
        **changed(more="a:b"),
        "model_name": "x",
        "nested": {"a": {"b": 1}},
        "parameters": {"explain": True},
    }

    assert infer(document).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/octet-stream"},
        {"Content-Type": "application/json; charset=latin-1"},
    ],
)
def test_the_content_type_is_not_looked_at(
    infer: Callable[..., Any], headers: dict[str, str]
) -> None:
    assert infer(changed(), **headers).status_code == 200


def test_a_length_of_all_is_json_alone(client: httpx.Client, model: dict[str, Any]) -> None:
    content = json.dumps(changed()).encode()

    response = client.post(
        f"/v2/models/{model['id']}/infer",
        content=content,
        headers={LENGTH: str(len(content))},
    )

    assert output(response).shape == (1, 10)


@pytest.mark.parametrize(
    ("fields", "is_binary"),
    [
        ({}, False),
        ({"outputs": []}, False),
        ({"outputs": [{"name": "probabilities"}]}, False),
        ({"parameters": {"binary_data_output": True}}, True),
        (
            {
                "parameters": {"binary_data_output": True},
                "outputs": [{"name": "probabilities"}],
            },
            True,
        ),
        (
            {
                "parameters": {"binary_data_output": True},
                "outputs": [{"name": "probabilities", "parameters": {"binary_data": False}}],
            },
            False,
        ),
        ({"outputs": [{"name": "probabilities", "parameters": {"binary_data": True}}]}, True),
    ],
)
def test_an_output_has_the_form_that_was_asked_for(
    infer: Callable[..., Any],
    digits: Any,
    expected: Any,
    fields: dict[str, Any],
    is_binary: bool,
) -> None:
    response = infer({**tensor(digits[:2], "UINT8"), **fields})

    assert (LENGTH in response.headers) == is_binary
    assert output(response) == pytest.approx(expected[:2], abs=MARGIN)


def test_one_answer_has_several_forms(
    infer: Callable[..., Any], digits: Any, expected: Any
) -> None:
    forms = [{"classification": 2}, {"binary_data": True}, {}]
    outputs = [{"name": "probabilities", "parameters": one} for one in forms]

    response = infer({**tensor(digits[:2], "UINT8"), "outputs": outputs})

    length = int(response.headers[LENGTH])
    classes, raw, plain = json.loads(response.content[:length])["outputs"]
    assert classes["datatype"] == "BYTES"
    assert classes["shape"] == [2, 2]
    assert "parameters" not in classes
    assert "data" not in raw
    assert raw["parameters"] == {"binary_data_size": 80}
    assert "parameters" not in plain
    numbers = np.frombuffer(response.content[length:], "<f4")
    assert numbers == pytest.approx(expected[:2].reshape(-1), abs=MARGIN)
    assert plain["data"] == pytest.approx(numbers.tolist())
    value, index, label = classes["data"][0].split(":")
    assert (index, label) == ("7", "7")
    assert float(value) == pytest.approx(expected[0].max(), abs=MARGIN)


def test_more_classes_than_there_are_is_all(infer: Callable[..., Any]) -> None:
    outputs = [{"name": "probabilities", "parameters": {"classification": 1000}}]

    (answer,) = infer({**changed(), "outputs": outputs}).json()["outputs"]

    assert answer["shape"] == [1, 10]
    values = [float(one.split(":")[0]) for one in answer["data"]]
    assert values == sorted(values, reverse=True)


def test_a_lone_request_waits_for_nobody(infer: Callable[..., Any]) -> None:
    told = infer(changed()).json()["parameters"]

    assert told["queue_us"] < 50_000
    assert told["batch_rows"] == 1
    assert told["label"] in "0123456789"


def test_who_has_no_time_is_told_at_once(infer: Callable[..., Any]) -> None:
    """So many rows are computed in a thread, which takes more than a microsecond."""
    document, raw = binary(np.zeros((1024, 784), np.uint8), "UINT8")

    response = infer({**document, "parameters": {"timeout": 1}}, raw)

    assert_failure(response, 503, "no answer within")
    assert int(response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_compressed_body_is_read(
    client: httpx.Client,
    model: dict[str, Any],
    digits: Any,
    expected: Any,
    pack: Callable[[bytes], bytes],
) -> None:
    document, raw = binary(digits, "UINT8")
    text = json.dumps(document).encode()
    encoding = "gzip" if pack is gzip.compress else "deflate"

    response = client.post(
        f"/v2/models/{model['id']}/infer",
        content=pack(text + raw),
        headers={"Content-Encoding": encoding, LENGTH: str(len(text))},
    )

    assert output(response) == pytest.approx(expected, abs=MARGIN)


@pytest.mark.parametrize(
    ("encoding", "content", "status", "text"),
    [
        ("gzip", gzip.compress(b"\0" * 17 * 2**20), 413, "16,777,216"),
        ("deflate", zlib.compress(b"\0" * 17 * 2**20), 413, "16,777,216"),
        ("gzip", gzip.compress(b"{}")[:-4], 400, "cut off"),
        ("gzip", gzip.compress(b"{}") + b"more", 400, "after its end"),
        ("gzip", b"{}", 400, "not gzip"),
        ("deflate", gzip.compress(b"{}"), 400, "not deflate"),
        ("br", b"{}", 400, "gzip or deflate"),
        ("gzip, gzip", b"{}", 400, "gzip or deflate"),
    ],
)
def test_bombs_and_damage_are_refused(
    client: httpx.Client,
    model: dict[str, Any],
    encoding: str,
    content: bytes,
    status: int,
    text: str,
) -> None:
    path = f"/v2/models/{model['id']}/infer"

    response = client.post(path, content=content, headers={"Content-Encoding": encoding})

    assert_failure(response, status, text)


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0, deflate", "deflate"),
        ("gzip; q=0.000", None),
        ("identity", None),
    ],
)
def test_a_long_answer_is_compressed_where_that_is_asked_for(
    infer: Callable[..., Any], accepts: str, encoding: str | None
) -> None:
    document, raw = binary(np.zeros((500, 784), np.uint8), "UINT8")
    document["parameters"] = {"binary_data_output": True}

    response = infer(document, raw, **{"Accept-Encoding": accepts})

    assert response.headers.get("content-encoding") == encoding
    assert output(response).shape == (500, 10)


def test_a_short_one_is_not(infer: Callable[..., Any]) -> None:
    response = infer(changed(), **{"Accept-Encoding": "gzip, deflate"})

    assert "content-encoding" not in response.headers
