"""Jobs and models on datasets of one's own."""

from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import wait_until_ended
from tests.dataset_files import arrays, images, npz, png, zipped
from tests.e2e.test_conventions import assert_problem
from tests.e2e.test_datasets import DIGITS, EMPTY, new_name, sample, uploaded
from tests.e2e.test_samples import add, digit

TWO_CLASSES: dict[str, Any] = {
    "input_shape": [1, 28, 28],
    "layers": [{"type": "flatten"}, {"type": "dense", "output_dim": 2}, {"type": "softmax"}],
}


def train(client: httpx.Client, dataset: str, **body: Any) -> dict[str, Any]:
    if "network" not in body:
        body.setdefault("preset", "linear")
    response = client.post("/v1/jobs", json={"dataset": dataset, "epochs": 2, "seed": 3, **body})
    assert response.status_code == 202, response.text
    job = wait_until_ended(client, response.json()["id"])
    assert job["status"] == "succeeded", job["error"]
    return job


def bars(count: int) -> dict[str, Any]:
    """Two classes that anything can tell: a bar that lies, and one that stands."""
    x, y = images(count) // 8, np.arange(count) % 2
    x[y == 0, 12:16, 4:24] = 255
    x[y == 1, 4:24, 12:16] = 255
    return {"x_train": x, "y_train": y, "x_test": x[: count // 4], "y_test": y[: count // 4]}


def test_a_network_learns_what_was_uploaded(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(bars(200)), classes='["lying", "standing"]')

    job = train(client, dataset["name"], network=TWO_CLASSES, epochs=10)

    assert job["receipt"]["dataset"] == dataset["name"]
    assert job["receipt"]["dataset_version"] == job["dataset_version"] == 1
    assert job["receipt"]["dataset_sha256"] == dataset["sha256"]
    model = client.get(f"/v1/models/{job['model_id']}").json()
    assert (model["dataset"], model["classes"]) == (dataset["name"], ["lying", "standing"])
    assert model["metrics"]["test_accuracy"] > 0.9
    body = {"dataset": dataset["name"], "split": "train"}
    evaluation = client.post(f"/v1/models/{model['id']}/evaluate", json=body).json()
    assert evaluation["samples"] == 200
    assert evaluation["accuracy"] > 0.9
    assert [one["label"] for one in evaluation["per_class"]] == model["classes"]
    x = (bars(200)["x_train"][1] / 255).tolist()
    answer = client.post(f"/v1/models/{model['id']}/predict", json={"instances": [x]}).json()
    assert answer["predictions"][0]["label"] == "standing"


@pytest.mark.parametrize("preset", ["linear", "autoencoder"])
def test_a_preset_tells_as_many_classes_as_there_are(client: httpx.Client, preset: str) -> None:
    dataset = uploaded(client, npz(bars(200)), classes='["lying", "standing"]')

    job = train(client, dataset["name"], preset=preset)

    model = client.get(f"/v1/models/{job['model_id']}").json()
    assert len(model["classes"]) == len(dataset["classes"]) == 2
    path = f"/v1/models/{model['id']}/predict"
    (prediction,) = client.post(path, json={"instances": [[0.0] * 784]}).json()["predictions"]
    assert len(prediction.get("probabilities", [0, 0])) == 2


def test_a_job_learns_the_version_that_it_was_submitted_with(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(arrays()))
    name, body = dataset["name"], {"preset": "linear", "dataset": dataset["name"], "epochs": 1}
    endless = {"preset": "linear", "epochs": 10_000}
    blocking = client.post("/v1/jobs", json=endless).json()
    waiting = client.post("/v1/jobs", json=body).json()

    added = add(client, name, png(digit(0)), label="7").json()
    later = client.post("/v1/jobs", json=body).json()
    client.post(f"/v1/jobs/{blocking['id']}/cancel")
    first, second = (wait_until_ended(client, one["id"]) for one in (waiting, later))

    assert first["receipt"]["dataset_version"] == 1
    assert first["receipt"]["dataset_sha256"] == dataset["sha256"]
    assert second["receipt"]["dataset_version"] == 2
    assert second["receipt"]["dataset_sha256"] == added["sha256"]
    assert (first["progress"]["steps"], second["progress"]["steps"]) == (1, 1)


def test_a_replay_learns_the_same_version(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(arrays()))
    first = train(client, dataset["name"])
    for i in range(20):
        add(client, dataset["name"], png(digit(i)), label="7")

    replay = client.post(f"/v1/jobs/{first['id']}/replay").json()

    assert replay["dataset_version"] == 1
    receipt = wait_until_ended(client, replay["id"])["receipt"]
    assert receipt["identical"] is True
    assert receipt["dataset_version"] == 1
    assert receipt["dataset_sha256"] == dataset["sha256"]


def test_a_dataset_of_the_same_name_is_not_taken_for_the_one_that_was_learnt(
    client: httpx.Client,
) -> None:
    dataset = uploaded(client, npz(arrays()))
    job = train(client, dataset["name"])
    client.delete(f"/v1/datasets/{dataset['name']}")
    uploaded(client, npz(bars(40)), name=dataset["name"])

    assert_problem(client.post(f"/v1/jobs/{job['id']}/replay"), 409)


def test_a_copy_with_a_correction_is_trained_further(client: httpx.Client) -> None:
    before = train(client, "mnist", epochs=1, train_samples=5000)
    copy = client.post("/v1/datasets", json={"name": new_name(), "from": "mnist"}).json()["name"]
    for i in range(3):
        add(client, copy, png(digit(i)), label="7")

    after = train(client, copy, init_from=before["model_id"], epochs=1)

    a, b = before["model_id"], after["model_id"]
    params = {"a": a, "b": b, "dataset": copy, "split": "train"}
    comparison = client.get("/v1/models/compare", params=params)
    assert comparison.status_code == 200, comparison.text
    figures = comparison.json()
    names = ("both_right", "both_wrong", "only_a_right", "only_b_right")
    assert sum(figures[name] for name in names) == 60_003
    assert figures["b"]["accuracy"] > figures["a"]["accuracy"]


def test_a_probe_is_told_by_the_datasets_classes(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(bars(2000)), classes='["lying", "standing"]')
    stroke = {"strokes": [[[10, 50], [90, 50]]]}

    job = train(client, dataset["name"], network=TWO_CLASSES, probe=stroke, epochs=10)

    answer = client.get(f"/v1/jobs/{job['id']}/events", headers={"Accept": "application/json"})
    probes = [one["data"] for one in answer.json()["data"] if one["event"] == "probe"]
    assert {one["label"] for one in probes} <= {"lying", "standing"}
    assert probes[-1]["label"] == "lying"


def test_without_test_samples_there_are_no_test_figures(client: httpx.Client) -> None:
    name = client.post("/v1/datasets", json={"name": new_name(), **EMPTY}).json()["name"]
    for i in range(6):
        add(client, name, png(digit(i)), label="ab"[i % 2])

    job = train(client, name, network=TWO_CLASSES)

    metrics = client.get(f"/v1/models/{job['model_id']}").json()["metrics"]
    assert metrics == {"test_accuracy": None, "test_loss": None, "calibration_error": None}
    evaluate = f"/v1/models/{job['model_id']}/evaluate"
    problem = assert_problem(client.post(evaluate, json={"dataset": name}), 422)
    assert problem["errors"][0]["loc"] == ["split"]
    assert client.post(evaluate, json={"dataset": name, "split": "train"}).status_code == 200


def test_colour_images_are_learnt_by_a_network_that_takes_them(client: httpx.Client) -> None:
    content = arrays()
    content |= {name: images(len(content[name]), 5, (8, 8, 3)) for name in ("x_train", "x_test")}
    dataset = uploaded(client, npz(content))
    layers = [
        {"type": "conv2d", "output_channels": 4, "kernel_size": 3},
        {"type": "relu"},
        {"type": "flatten"},
        {"type": "dense", "output_dim": 10},
        {"type": "softmax"},
    ]

    job = train(client, dataset["name"], network={"input_shape": [3, 8, 8], "layers": layers})

    body = {"dataset": dataset["name"]}
    answer = client.post(f"/v1/models/{job['model_id']}/evaluate", json=body)
    assert answer.json()["samples"] == 20


def test_flat_samples_are_learnt_but_not_augmented(client: httpx.Client) -> None:
    body = {"name": new_name(), "sample_shape": [784], "classes": ["a", "b"]}
    name = client.post("/v1/datasets", json=body).json()["name"]
    for i in range(4):
        assert add(client, name, png(digit(i)), label="ab"[i % 2]).status_code == 201
    assert np.array_equal(sample(client, name, 1, "train")[0], digit(1))
    network = {"input_shape": [784], "layers": TWO_CLASSES["layers"][1:]}

    train(client, name, network=network)
    augmented = {"network": network, "dataset": name, "augmentation": {"rotate": 5}}

    problem = assert_problem(client.post("/v1/jobs", json=augmented), 422)
    assert problem["errors"][0]["loc"] == ["augmentation"]


def test_an_estimate_is_of_as_many_samples_as_there_are(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(arrays(train=600)))["name"]

    seconds = [
        client.post(
            "/v1/jobs", json={"preset": "cnn", "dataset": one, "validate_only": True}
        ).json()["estimate"]["seconds"]
        for one in (dataset, "mnist")
    ]

    assert seconds[0] == pytest.approx(seconds[1] / 100, rel=0.01)


def test_what_does_not_fit_a_dataset_is_refused(client: httpx.Client) -> None:
    empty = client.post("/v1/datasets", json={"name": new_name(), **EMPTY}).json()["name"]
    digits = uploaded(client, npz(arrays()))["name"]
    small = {
        name: values if "y" in name else values[:, :8, :8] for name, values in arrays().items()
    }
    small_ones = uploaded(client, npz(small))["name"]
    for body, loc, words in [
        ({"preset": "mlp", "dataset": empty}, ["dataset"], "no training samples"),
        ({"preset": "mlp", "dataset": "letters"}, ["dataset"], "'letters'"),
        ({"preset": "mlp", "dataset": small_ones}, ["preset"], "[1, 8, 8]"),
        ({"network": TWO_CLASSES, "dataset": digits}, ["network"], "10 classes"),
        ({"preset": "mlp", "dataset": digits, "train_samples": 41}, ["train_samples"], "40"),
    ]:
        problem = assert_problem(client.post("/v1/jobs", json=body), 422)

        assert problem["errors"][0]["loc"] == loc
        assert words in problem["detail"]


def test_a_model_is_judged_only_by_what_has_its_shape_and_classes(client: httpx.Client) -> None:
    named = '["' + '", "'.join(f"class {k}" for k in range(10)) + '"]'
    other = uploaded(client, npz(arrays()), classes=named)["name"]
    digits = uploaded(client, npz(arrays()))["name"]
    model = train(client, digits)["model_id"]

    for dataset in (other, "letters"):
        evaluation = client.post(f"/v1/models/{model}/evaluate", json={"dataset": dataset})
        params = {"a": model, "b": model, "dataset": dataset}
        comparison = client.get("/v1/models/compare", params=params)

        for response in (evaluation, comparison):
            assert assert_problem(response, 422)["errors"][0]["loc"] == ["dataset"]
    assert client.post(f"/v1/models/{model}/evaluate", json={"dataset": "mnist"}).status_code == 200


def test_folders_with_the_names_of_digits_are_mnists_classes(client: httpx.Client) -> None:
    entries = {
        f"{split}/{label}/0.png": png(digit(int(label)))
        for split in ("train", "test")
        for label in DIGITS
    }
    dataset = uploaded(client, zipped(entries))["name"]
    job = train(client, dataset, validation_split=0)

    params = {"a": job["model_id"], "b": job["model_id"], "dataset": "mnist"}
    assert client.get("/v1/models/compare", params=params).status_code == 200
