"""Models, aliases, evaluation, datasets."""

from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import assert_problem

TINY = {"preset": "linear", "epochs": 1, "train_samples": 1000}


def train(client: httpx.Client, **fields: Any) -> str:
    job = client.post("/v1/jobs", json={**TINY, **fields}).json()
    model_id: str = wait_until_ended(client, job["id"])["model_id"]
    return model_id


def test_a_model_says_what_it_is_and_what_it_is_worth(
    client: httpx.Client, model: dict[str, Any]
) -> None:
    assert model["id"].startswith("mdl_")
    assert model["classes"] == [str(digit) for digit in range(10)]
    assert model["parameters"] == 7850
    assert model["dataset"] == "mnist"
    assert len(model["sha256"]) == 64
    assert model["size_bytes"] > 4 * 7850
    assert model["preprocessing"]
    assert model["network"]["layers"][-1] == {"type": "softmax"}
    assert model["metrics"]["test_accuracy"] > 0.88
    assert model["metrics"]["test_loss"] < 0.6
    assert 0 <= model["metrics"]["calibration_error"] < 0.2
    listed = client.get("/v1/models", params={"limit": 100}).json()["data"]
    assert model["id"] in [one["id"] for one in listed]


def test_an_evaluation_counts_every_sample(client: httpx.Client, model: dict[str, Any]) -> None:
    body = {"dataset": "mnist", "split": "test"}
    response = client.post(f"/v1/models/{model['id']}/evaluate", json=body)

    assert response.status_code == 200
    figures = response.json()
    matrix = np.array(figures["confusion_matrix"])
    assert figures["samples"] == matrix.sum() == 10_000
    assert figures["accuracy"] == pytest.approx(np.trace(matrix) / 10_000)
    assert figures["accuracy"] == pytest.approx(model["metrics"]["test_accuracy"])
    assert figures["loss"] == pytest.approx(model["metrics"]["test_loss"], rel=1e-4)
    assert [one["support"] for one in figures["per_class"]] == matrix.sum(axis=1).tolist()
    assert {"label", "precision", "recall", "f1"} <= set(figures["per_class"][0])
    bins = figures["calibration"]["bins"]
    assert sum(one["count"] for one in bins) == 10_000
    assert (bins[0]["from"], bins[-1]["to"]) == (0, 1)
    assert figures["calibration"]["expected_error"] == pytest.approx(
        model["metrics"]["calibration_error"], abs=1e-4
    )
    worst = figures["worst"]
    assert [one["probability"] for one in worst] == sorted(one["probability"] for one in worst)
    first = client.get(f"/v1/datasets/mnist/samples/{worst[0]['index']}", params={"split": "test"})
    assert first.headers["x-label"] == worst[0]["label"] != worst[0]["predicted"]


def test_an_evaluation_names_every_misread_sample(
    client: httpx.Client, model: dict[str, Any]
) -> None:
    figures = client.post(f"/v1/models/{model['id']}/evaluate", json={}).json()

    mistakes = figures["mistakes"]
    labels = model["classes"]
    counted = np.zeros((10, 10), int)
    for one in mistakes:
        counted[labels.index(one["label"]), labels.index(one["predicted"])] += 1
        assert one["probability"] <= one["confidence"]
    matrix = np.array(figures["confusion_matrix"])
    assert np.array_equal(counted, matrix - np.diag(matrix.diagonal()))
    assert len({one["index"] for one in mistakes}) == len(mistakes)
    assert mistakes[0] == figures["worst"][0]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"dataset": "cifar"}, ["dataset"]),
        ({"split": "validation"}, ["split"]),
        ({"unknown": 1}, ["unknown"]),
    ],
)
def test_an_evaluation_that_cannot_be_is_refused(
    client: httpx.Client, model: dict[str, Any], body: dict[str, Any], loc: list[str]
) -> None:
    response = client.post(f"/v1/models/{model['id']}/evaluate", json=body)

    assert assert_problem(response, 422)["errors"][0]["loc"] == loc


def test_an_alias_moves_and_remembers(client: httpx.Client, model: dict[str, Any]) -> None:
    other = train(client)
    path = "/v1/aliases/moving"

    made = client.put(path, json={"model_id": model["id"]})
    moved = client.put(path, json={"model_id": other})

    assert made.status_code == moved.status_code == 200
    assert made.json()["past"] == []
    assert moved.json()["alias"] == "moving"
    assert moved.json()["model_id"] == other
    (past,) = moved.json()["past"]
    assert past == {
        "model_id": model["id"],
        "from": made.json()["updated_at"],
        "until": moved.json()["updated_at"],
    }
    assert client.get(path).json() == moved.json()
    assert client.get("/v1/models/moving").json()["id"] == other
    assert "moving" in [one["alias"] for one in client.get("/v1/aliases").json()["data"]]
    assert_problem(client.delete(f"/v1/models/{other}"), 409)
    assert client.delete(path).status_code == 204
    assert_problem(client.get(path), 404)
    assert_problem(client.get("/v1/models/moving"), 404)
    assert client.delete(f"/v1/models/{other}").status_code == 204


def test_an_alias_is_moved_only_from_the_version_that_was_seen(
    client: httpx.Client, model: dict[str, Any]
) -> None:
    path, body = "/v1/aliases/guarded", {"model_id": model["id"]}
    tag = client.put(path, json=body).headers["etag"]

    stale = client.put(path, json=body, headers={"If-Match": '"stale"'})
    fresh = client.put(path, json=body, headers={"If-Match": tag})

    assert_problem(stale, 412)
    assert fresh.status_code == 200


@pytest.mark.parametrize(
    ("alias", "body"),
    [
        ("latest", None),
        ("Upper", None),
        ("x" * 65, None),
        ("fine", {"model_id": "mdl_none"}),
        ("fine", {}),
        ("fine", {"model_id": 7}),
    ],
)
def test_an_alias_that_makes_no_sense_is_refused(
    client: httpx.Client, model: dict[str, Any], alias: str, body: dict[str, Any] | None
) -> None:
    body = {"model_id": model["id"]} if body is None else body

    assert_problem(client.put(f"/v1/aliases/{alias}", json=body), 422)


def test_latest_is_always_the_newest_model(client: httpx.Client) -> None:
    model_id = train(client)

    assert client.get("/v1/models/latest").json()["id"] == model_id
    assert client.get("/v1/aliases/latest").json()["model_id"] == model_id


def test_mnist_is_described(client: httpx.Client) -> None:
    dataset = client.get("/v1/datasets/mnist").json()

    assert dataset["sample_shape"] == [1, 28, 28]
    assert (dataset["train_samples"], dataset["test_samples"]) == (60_000, 10_000)
    assert sum(dataset["class_counts"]["train"].values()) == 60_000
    assert dataset["class_counts"]["test"]["7"] == 1028
    assert dataset["ready"] is True
    everything = client.get("/v1/datasets", params={"limit": 100}).json()
    assert dataset in everything["data"]


def test_samples_are_listed_by_label_and_seen_as_images(client: httpx.Client) -> None:
    path = "/v1/datasets/mnist/samples"
    page = client.get(path, params={"split": "test", "label": "7", "limit": 5}).json()
    params = {"split": "test", "label": "7", "limit": 5, "cursor": page["next_cursor"]}
    following = client.get(path, params=params).json()

    indices = [one["index"] for one in page["data"] + following["data"]]
    assert indices[:2] == [0, 17]
    assert indices == sorted(set(indices))
    image = client.get(f"{path}/17", params={"split": "test"})
    assert image.headers["content-type"] == "image/png"
    assert image.headers["x-label"] == "7"
    with Image.open(BytesIO(image.content)) as picture:
        assert (picture.size, picture.mode) == ((28, 28), "L")
    assert_problem(client.get(f"{path}/10000", params={"split": "test"}), 404)
    assert_problem(client.get(f"{path}/x"), 422)
    assert_problem(client.get(path, params={"label": "eleven"}), 422)
    assert_problem(client.get(path, params={"split": "other"}), 422)


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        ({"preset": "linear"}, (3 * 29, 4 * 29)),
        ({"preset": "lenet5"}, (2 * 31, 3 * 31)),
    ],
)
def test_the_first_layers_filters_are_a_picture(
    client: httpx.Client, network: dict[str, str], shape: tuple[int, int]
) -> None:
    job = client.post("/v1/jobs", json={**network, "epochs": 1, "train_samples": 1000}).json()
    model_id = wait_until_ended(client, job["id"])["model_id"]

    response = client.get(f"/v1/models/{model_id}/filters")

    assert response.headers["content-type"] == "image/png"
    picture = np.asarray(Image.open(BytesIO(response.content)))
    assert picture.shape == shape
    assert len(np.unique(picture)) > 50


def test_a_network_without_weights_that_are_images_has_no_filters(client: httpx.Client) -> None:
    layers = [{"type": "flatten"}, {"type": "layer_norm"}, {"type": "dense", "output_dim": 10}]
    network = {"input_shape": [1, 28, 28], "layers": [*layers, {"type": "softmax"}]}
    body = {"network": network, "epochs": 1, "train_samples": 1000}
    job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])

    assert_problem(client.get(f"/v1/models/{job['model_id']}/filters"), 409)
