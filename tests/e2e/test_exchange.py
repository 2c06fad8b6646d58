"""Models leave as files and come back, through the real service."""

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import onnxruntime
import pytest

from tests.conftest import Server, wait_until_ended
from tests.e2e.test_conventions import assert_problem

FORMATS = ("safetensors", "npz", "onnx", "keras")
IMPORTED = ("safetensors", "npz", "keras")


@pytest.fixture(scope="module")
def trained(server: Server) -> dict[str, Any]:
    """A small convolutional model with batch norm and a residual block."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        return train(client)


def train(client: httpx.Client) -> dict[str, Any]:
    conv = {"type": "conv2d", "output_channels": 4, "kernel_size": 3, "padding": "same"}
    layers = [
        {**conv, "stride": 2},
        {"type": "batch_norm"},
        {"type": "relu"},
        {"type": "residual", "layers": [conv, {"type": "max_pool2d"}, {"type": "gelu"}]},
        {"type": "flatten"},
        {"type": "dense", "output_dim": 10},
        {"type": "softmax"},
    ]
    network = {"name": "small", "input_shape": [1, 28, 28], "layers": layers}
    body = {"network": network, "epochs": 2, "train_samples": 3000, "name": "my model / 1"}
    job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    assert job["status"] == "succeeded", job["error"]
    model: dict[str, Any] = client.get(f"/v1/models/{job['model_id']}").json()
    return model


@pytest.fixture(scope="module")
def digits() -> list[list[list[float]]]:
    rng = np.random.default_rng(0)
    images: list[list[list[float]]] = rng.random((5, 28, 28)).round(4).tolist()
    return images


def export(client: httpx.Client, model: dict[str, Any], kind: str) -> httpx.Response:
    response = client.get(f"/v1/models/{model['id']}/export", params={"format": kind})
    assert response.status_code == 200, response.text
    return response


def probabilities(client: httpx.Client, model_id: str, digits: Any) -> Any:
    response = client.post(f"/v1/models/{model_id}/predict", json={"instances": digits})
    return np.array([one["probabilities"] for one in response.json()["predictions"]])


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_is_a_named_file_with_a_version(
    client: httpx.Client, trained: dict[str, Any], kind: str
) -> None:
    response = export(client, trained, kind)

    assert response.headers["content-disposition"] == f'attachment; filename="my-model-1.{kind}"'
    assert response.headers["content-type"] == "application/octet-stream"
    again = client.get(
        f"/v1/models/{trained['id']}/export",
        params={"format": kind},
        headers={"If-None-Match": response.headers["etag"]},
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-999999999", slice(5, None)),
    ],
)
def test_a_part_of_an_export_is_downloaded(
    client: httpx.Client, trained: dict[str, Any], asked: str, part: slice
) -> None:
    whole = export(client, trained, "safetensors")
    assert whole.headers["Accept-Ranges"] == "bytes"
    headers = {"Range": asked, "If-Range": whole.headers["ETag"]}

    response = client.get(str(whole.url), headers=headers)

    assert response.status_code == 206
    assert response.content == whole.content[part]
    first, last, _ = part.indices(len(whole.content))
    assert response.headers["Content-Range"] == f"bytes {first}-{last - 1}/{len(whole.content)}"
    assert response.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-9", "If-Range": '"another version"'},
        {"Range": "bytes=0-1,5-6"},
        {"Range": "lines=0-9"},
        {"Range": "bytes=-"},
        {"Range": "bytes=9-3"},
    ],
)
def test_what_is_no_single_range_of_this_version_gets_all_of_it(
    client: httpx.Client, trained: dict[str, Any], headers: dict[str, str]
) -> None:
    whole = export(client, trained, "npz")

    response = client.get(str(whole.url), headers=headers)

    assert response.status_code == 200
    assert response.content == whole.content


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0"])
def test_a_range_beyond_the_file_is_refused(
    client: httpx.Client, trained: dict[str, Any], asked: str
) -> None:
    whole = export(client, trained, "safetensors")

    response = client.get(str(whole.url), headers={"Range": asked})

    assert_problem(response, 416)
    assert response.headers["Content-Range"] == f"bytes */{len(whole.content)}"


@pytest.mark.parametrize("kind", IMPORTED)
def test_what_is_exported_and_imported_again_predicts_the_same(
    client: httpx.Client, trained: dict[str, Any], digits: Any, kind: str
) -> None:
    content = export(client, trained, kind).content

    response = client.post("/v1/models", files={"file": ("model", content)})

    assert response.status_code == 201, response.text
    model = response.json()
    assert response.headers["location"] == f"/v1/models/{model['id']}"
    for field in ("classes", "preprocessing", "parameters", "dataset", "sha256"):
        assert model[field] == trained[field], field
    assert model["network"]["layers"] == trained["network"]["layers"]
    assert (model["job_id"], model["name"]) == (None, "small")
    np.testing.assert_array_equal(
        probabilities(client, model["id"], digits), probabilities(client, trained["id"], digits)
    )
    assert client.get("/v1/models/latest").json()["id"] == model["id"]


@pytest.mark.parametrize("kind", IMPORTED)
def test_what_a_digit_looks_like_goes_with_our_own_formats(
    client: httpx.Client, trained: dict[str, Any], digits: Any, kind: str
) -> None:
    content = export(client, trained, kind).content

    model = client.post("/v1/models", files={"file": ("model", content)}).json()

    before, after = (
        [one["is_digit"] for one in answer["predictions"]]
        for answer in (
            client.post(f"/v1/models/{one['id']}/predict", json={"instances": digits}).json()
            for one in (trained, model)
        )
    )
    assert None not in before
    assert after == ([None] * len(digits) if kind == "keras" else before)


def test_onnx_opens_in_onnxruntime_with_its_names(
    client: httpx.Client, trained: dict[str, Any], digits: Any
) -> None:
    content = export(client, trained, "onnx").content

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    (given,), (result,) = session.get_inputs(), session.get_outputs()
    assert (given.name, result.name) == ("input", "probabilities")
    assert given.shape == ["batch", 1, 28, 28]
    texts = session.get_modelmeta().custom_metadata_map
    assert json.loads(texts["classes"]) == trained["classes"]
    assert json.loads(texts["preprocessing"]) == trained["preprocessing"]
    x = np.array(digits, np.float32)[:, None]
    (got,) = session.run(None, {"input": x})
    expected = probabilities(client, trained["id"], digits)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def weights() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {"1.W": rng.normal(size=(784, 3)), "1.b": np.zeros(3)}


NETWORK = {
    "input_shape": [1, 28, 28],
    "layers": [{"type": "flatten"}, {"type": "dense", "output_dim": 3}, {"type": "softmax"}],
}


def as_npz(arrays: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def test_weights_from_elsewhere_come_with_their_network(client: httpx.Client, digits: Any) -> None:
    form = {
        "network": json.dumps(NETWORK),
        "name": "from elsewhere",
        "classes": json.dumps(["cat", "dog", "cow"]),
        "preprocessing": json.dumps({"mode": "none"}),
    }

    response = client.post("/v1/models", data=form, files={"file": ("w.npz", as_npz(weights()))})

    assert response.status_code == 201, response.text
    model = response.json()
    assert (model["name"], model["classes"]) == ("from elsewhere", ["cat", "dog", "cow"])
    assert (model["dataset"], model["preprocessing"]) == (None, {"mode": "none"})
    assert model["metrics"]["test_accuracy"] is None
    answer = client.post(f"/v1/models/{model['id']}/predict", json={"instances": digits}).json()
    assert answer["predictions"][0]["label"] in ("cat", "dog", "cow")
    assert client.delete(f"/v1/models/{model['id']}").status_code == 204


def test_classes_are_numbered_where_nobody_names_them(client: httpx.Client) -> None:
    response = client.post(
        "/v1/models",
        data={"network": json.dumps(NETWORK)},
        files={"file": ("w.npz", as_npz(weights()))},
    )

    assert response.json()["classes"] == ["0", "1", "2"]


def test_the_same_import_with_the_same_key_is_one_model(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "import-once"}

    def send(arrays: dict[str, Any]) -> httpx.Response:
        data = {"network": json.dumps(NETWORK)}
        files = {"file": ("w.npz", as_npz(arrays))}
        return client.post("/v1/models", data=data, files=files, headers=headers)

    arrays = weights()
    first, again = send(arrays), send(arrays)
    other = send({**arrays, "1.b": np.ones(3)})

    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    assert_problem(other, 422)


def forms() -> Iterator[Any]:
    good = as_npz(weights())
    network = {"network": json.dumps(NETWORK)}
    wrong = as_npz({**weights(), "1.W": np.zeros((5, 3))})
    nan = as_npz({**weights(), "1.b": np.array([0, np.nan, 0])})
    yield "no file", network, None, 422, ["file"], "file is needed"
    yield "no network", {}, good, 422, ["file"], "network"
    yield "not a model", network, b"hello world", 422, ["file"], "safetensors"
    yield "a shape", network, wrong, 422, ["file"], "'1.W' has shape [5, 3]"
    yield "not finite", network, nan, 422, ["file"], "'1.b'"
    yield "not json", {"network": "{"}, good, 400, None, "not JSON"
    yield (
        "a layer",
        {"network": '{"input_shape": [4], "layers": [{"type": "dens"}]}'},
        good,
        422,
        [
            "network",
            "layers",
            0,
            "type",
        ],
        "dense",
    )
    yield "classes", {**network, "classes": '["a", "b"]'}, good, 422, ["classes"], "3 different"
    yield "twice", {**network, "classes": '["a", "a", "b"]'}, good, 422, ["classes"], "different"
    yield "a part", {**network, "clases": "[]"}, good, 422, ["clases"], "classes"


@pytest.mark.parametrize(
    ("data", "content", "status", "loc", "words"),
    [pytest.param(*form[1:], id=form[0]) for form in forms()],
)
def test_an_import_that_cannot_be_is_refused_with_the_reason(
    client: httpx.Client,
    data: dict[str, str],
    content: bytes | None,
    status: int,
    loc: list[str | int] | None,
    words: str,
) -> None:
    files: Any = {"file": ("w", content)} if content is not None else {"name": (None, "x")}
    response = client.post("/v1/models", data=data, files=files)

    problem = assert_problem(response, status)
    assert words in problem["detail"]
    if loc is not None:
        assert loc in [error["loc"] for error in problem["errors"]]


def test_only_forms_are_imported(client: httpx.Client) -> None:
    assert_problem(client.post("/v1/models", json={"network": NETWORK}), 415)


def test_an_unknown_format_is_named(client: httpx.Client, trained: dict[str, Any]) -> None:
    response = client.get(f"/v1/models/{trained['id']}/export", params={"format": "pickle"})

    assert "safetensors" in assert_problem(response, 422)["detail"]
