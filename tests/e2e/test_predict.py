"""Predict: every form of input, and every form of nonsense."""

import base64
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import assert_problem

SEVEN = [[[10, 10], [60, 10], [30, 80]]]
KINDS = ["png", "jpeg", "gif", "bmp", "tiff", "webp"]


@pytest.fixture(scope="module")
def seven(server: Any) -> bytes:
    url = f"{server.url}/v1/datasets/mnist/samples/0"
    return httpx.get(url, params={"split": "test"}).content


@pytest.fixture
def path(model: dict[str, Any]) -> str:
    return f"/v1/models/{model['id']}/predict"


def encoded(picture: Image.Image, kind: str = "png") -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **({"lossless": True} if kind == "webp" else {}))
    return buffer.getvalue()


def pixels(content: bytes) -> Any:
    with Image.open(BytesIO(content)) as picture:
        return np.asarray(picture)


def test_a_prediction_names_every_class(client: httpx.Client, path: str, seven: bytes) -> None:
    response = client.post(path, content=seven, headers={"Content-Type": "image/png"})

    assert response.status_code == 200
    answer = response.json()
    assert path.split("/")[3] == answer["model_id"]
    (prediction,) = answer["predictions"]
    assert prediction["label"] == "7"
    assert len(prediction["probabilities"]) == 10
    assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert prediction["confidence"] == max(prediction["probabilities"])
    assert prediction["top_k"][0]["label"] == "7"
    assert len(prediction["top_k"]) == 3
    assert prediction["warnings"] == []


def test_a_prediction_says_how_much_its_input_looks_like_a_digit(
    client: httpx.Client, path: str, seven: bytes
) -> None:
    face = [
        [[50 + 40 * np.sin(a), 50 + 40 * np.cos(a)] for a in np.linspace(0, 6.3, 30)],
        *([[x, 35], [x, 40]] for x in (35, 65)),
        [[30, 60], [50, 70], [70, 60]],
    ]
    digit = {"b64": base64.b64encode(seven).decode()}
    noise = np.random.default_rng(0).random((28, 28)).tolist()

    answer = client.post(path, json={"instances": [digit, {"strokes": face}, noise]}).json()

    seen = [one["is_digit"] for one in answer["predictions"]]
    assert 0.5 < seen[0] <= 1
    assert 0 <= max(seen[1:]) < 0.5


def test_mnists_own_image_passes_unchanged(client: httpx.Client, path: str, seven: bytes) -> None:
    headers = {"Content-Type": "image/png"}
    answer = client.post(f"{path}?include=preprocessed", content=seven, headers=headers).json()

    url = answer["predictions"][0]["preprocessed"]
    assert url.startswith("data:image/png;base64,")
    assert np.array_equal(pixels(base64.b64decode(url.split(",")[1])), pixels(seven))


def test_a_prediction_is_explained(client: httpx.Client, path: str, seven: bytes) -> None:
    headers = {"Content-Type": "image/png"}
    params = {"include": "saliency,activations"}
    answer = client.post(path, params=params, content=seven, headers=headers).json()

    (prediction,) = answer["predictions"]
    shown = pixels(base64.b64decode(prediction["saliency"].split(",")[1]))
    assert shown.shape == (28, 28)
    assert shown.max() == 255
    kinds = [one["type"] for one in prediction["activations"]]
    assert kinds == ["flatten", "dense", "softmax"]
    assert [one["output_shape"] for one in prediction["activations"]] == [[784], [10], [10]]
    assert all(one["image"].startswith("data:image/png") for one in prediction["activations"])


def test_only_so_many_inputs_are_explained(client: httpx.Client, path: str) -> None:
    many = {"instances": [{"strokes": SEVEN}] * 17}

    refused = client.post(path, params={"include": "saliency"}, json=many)

    assert_problem(refused, 422)
    assert refused.json()["errors"][0]["type"] == "too_many_explained"
    assert client.post(path, json=many).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_every_image_format_is_read(
    client: httpx.Client, path: str, seven: bytes, kind: str
) -> None:
    big = Image.fromarray(pixels(seven)).resize((280, 280))
    body = encoded(big, kind)

    response = client.post(path, content=body, headers={"Content-Type": f"image/{kind}"})

    assert response.json()["predictions"][0]["label"] == "7"


def test_files_are_answered_in_their_order(client: httpx.Client, path: str, seven: bytes) -> None:
    dark = encoded(Image.fromarray(255 - pixels(seven)))
    files = [
        ("files", ("../../a/seven.png", seven)),
        ("files", ("C:\\b\\dark.png", dark)),
    ]

    predictions = client.post(path, files=files).json()["predictions"]

    assert [one["filename"] for one in predictions] == ["seven.png", "dark.png"]
    assert [one["label"] for one in predictions] == ["7", "7"]
    assert predictions[1]["warnings"] == ["inverted"]


def test_all_kinds_of_instances_may_be_mixed(client: httpx.Client, path: str, seven: bytes) -> None:
    x = (pixels(seven) / 255).tolist()
    flat = [value for row in x for value in row]
    b64 = base64.b64encode(seven).decode()
    instances = [flat, x, [x], {"b64": b64}, {"strokes": SEVEN}]

    predictions = client.post(path, json={"instances": instances}).json()["predictions"]

    assert [one["label"] for one in predictions[:4]] == ["7"] * 4
    first = predictions[0]["probabilities"]
    for other in predictions[1:4]:
        assert other["probabilities"] == pytest.approx(first, abs=1e-5)
    assert len(predictions) == 5


@pytest.mark.parametrize(("asked", "answered"), [(1, 1), (3, 3), (10, 10), (50, 10)])
def test_top_k_is_cut_at_the_number_of_classes(
    client: httpx.Client, path: str, asked: int, answered: int
) -> None:
    body = {"instances": [{"strokes": SEVEN}]}
    prediction = client.post(path, params={"top_k": asked}, json=body).json()["predictions"][0]

    ranked = [one["probability"] for one in prediction["top_k"]]
    assert len(ranked) == answered
    assert ranked == sorted(ranked, reverse=True)


@pytest.mark.parametrize(
    "params", [{"top_k": 0}, {"top_k": -1}, {"include": "secrets"}, {"preprocess": "some"}]
)
def test_parameters_that_make_no_sense_are_refused(
    client: httpx.Client, path: str, params: dict[str, Any]
) -> None:
    body = {"instances": [{"strokes": SEVEN}]}

    assert_problem(client.post(path, params=params, json=body), 422)


def test_images_may_be_taken_as_they_are(client: httpx.Client, path: str, seven: bytes) -> None:
    dark = encoded(Image.fromarray(255 - pixels(seven)))
    params = {"preprocess": "none", "include": "preprocessed"}
    headers = {"Content-Type": "image/png"}

    answer = client.post(path, params=params, content=dark, headers=headers).json()

    seen = base64.b64decode(answer["predictions"][0]["preprocessed"].split(",")[1])
    assert np.array_equal(pixels(seen), pixels(dark))


@pytest.mark.parametrize(
    ("instances", "loc"),
    [
        ([], ["instances"]),
        ("text", ["instances"]),
        ([[0.0] * 783], ["instances", 0]),
        ([[0.0] * 784, [2.0] * 784], ["instances", 1]),
        ([[0.0] * 784, "text"], ["instances", 1]),
        ([[True] + [0.5] * 783], ["instances", 0]),
        ([[[[True] + [0.5] * 27] * 28]], ["instances", 0]),
        ([{"bb64": "", "stroke": []}], ["instances", 0]),
        ([{"b64": "no!"}], ["instances", 0, "b64"]),
        ([{"b64": ""}], ["instances", 0]),
        ([{"strokes": []}], ["instances", 0]),
        ([{"strokes": [[[1, 1]]] * 1001}], ["instances", 0, "strokes"]),
        ([{"strokes": [[[1]]]}], ["instances", 0, "strokes", 0, 0]),
        ([{"strokes": [[["1", 2]]]}], ["instances", 0, "strokes", 0, 0, 0]),
        ([{"strokes": SEVEN, "color": "red"}], ["instances", 0, "color"]),
        ([{}], ["instances", 0]),
    ],
)
def test_instances_that_cannot_be_read_are_named(
    client: httpx.Client, path: str, instances: Any, loc: list[Any]
) -> None:
    response = client.post(path, json={"instances": instances})

    assert assert_problem(response, 422)["errors"][0]["loc"] == loc


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"instances": [[NaN]]}', 400),
        (b'{"instances": [[1e999]]}', 400),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"instances": [], "more": 1}', 422),
    ],
)
def test_a_body_that_is_no_request_is_refused(
    client: httpx.Client, path: str, content: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json"}

    assert_problem(client.post(path, content=content, headers=headers), status)


def test_one_bad_file_fails_the_request_and_is_named(
    client: httpx.Client, path: str, seven: bytes
) -> None:
    files = [("files", ("good.png", seven)), ("files", ("bad.png", b"no image"))]

    (error,) = assert_problem(client.post(path, files=files), 422)["errors"]

    assert error["loc"] == ["files", 1]
    assert "bad.png" in error["msg"]


def test_files_that_are_none_are_refused(client: httpx.Client, path: str) -> None:
    assert_problem(client.post(path, files=[("other", ("a.png", b"x"))]), 422)
    assert_problem(client.post(path, data={"files": "text"}, files={"x": b""}), 422)
    assert_problem(client.post(path, files=[("files", ("empty.png", b""))]), 422)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert_problem(client.post(path, content=b"nonsense", headers=headers), 400)
    headers = {"Content-Type": "multipart/form-data"}
    assert_problem(client.post(path, content=b"nonsense", headers=headers), 400)


@pytest.mark.parametrize("media_type", ["text/plain", "image/svg+xml", "application/pdf"])
def test_other_media_types_are_not_taken(client: httpx.Client, path: str, media_type: str) -> None:
    headers = {"Content-Type": media_type}

    assert_problem(client.post(path, content=b"x", headers=headers), 415)


def test_blank_and_too_large_images_are_refused(client: httpx.Client, path: str) -> None:
    headers = {"Content-Type": "image/png"}
    blank = encoded(Image.new("L", (280, 280), 255))
    huge = encoded(Image.new("1", (4100, 4000)))

    for body, words in ((blank, "drawn"), (huge, "16,000,000"), (b"", "known")):
        problem = assert_problem(client.post(path, content=body, headers=headers), 422)
        assert problem["errors"][0]["loc"] == ["files", 0]
        assert words in problem["detail"]
    too_long = b"\x89PNG" + bytes(17 * 1024 * 1024)
    assert_problem(client.post(path, content=too_long, headers=headers), 413)


def test_models_are_named_by_alias_too(client: httpx.Client, model: dict[str, Any]) -> None:
    client.put("/v1/aliases/by-name", json={"model_id": model["id"]})
    body = {"instances": [{"strokes": SEVEN}]}

    by_alias = client.post("/v1/models/by-name/predict", json=body).json()
    latest = client.post("/v1/predict", json=body).json()

    assert by_alias["model_id"] == model["id"]
    assert latest["model_id"] == client.get("/v1/models/latest").json()["id"]
    assert_problem(client.post("/v1/models/unknown/predict", json=body), 404)


def test_a_model_that_learnt_its_input_answers_with_it(client: httpx.Client) -> None:
    layers = [
        {"type": "conv2d", "output_channels": 4, "kernel_size": 4, "stride": 2},
        {"type": "relu"},
        {"type": "conv2d_transpose", "output_channels": 1, "kernel_size": 4, "stride": 2},
    ]
    network = {"input_shape": [1, 28, 28], "layers": layers}
    loss = {"type": "mse"}
    body = {"network": network, "loss": loss, "epochs": 3, "seed": 1}
    job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    assert job["status"] == "succeeded", job["error"]

    path = f"/v1/models/{job['model_id']}/predict"
    instances = [{"strokes": SEVEN}]
    (prediction,) = client.post(path, json={"instances": instances}).json()["predictions"]

    assert prediction["reconstruction"].startswith("data:image/png;base64,")
    assert 0 < prediction["reconstruction_error"] < 0.2
    assert "label" not in prediction
    assert 0 <= prediction["is_digit"] <= 1
    model = client.get(f"/v1/models/{job['model_id']}").json()
    assert model["metrics"]["test_accuracy"] is None
    assert model["metrics"]["test_loss"] < 0.2
