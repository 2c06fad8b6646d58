"""Samples: added one by one, also at once, listed and seen."""

import threading
from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import Server
from tests.dataset_files import arrays, images, npz, png
from tests.e2e.test_conventions import assert_problem
from tests.e2e.test_datasets import EMPTY, drawing, new_name, sample, uploaded


def digit(index: int) -> Any:
    """Something in MNIST's form that is unlike all others: noise in a box of 20."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 4:24] = images(1, index + 100)[0, 4:24, 4:24]
    return image


def add(client: httpx.Client, name: str, content: bytes, **form: Any) -> httpx.Response:
    params = {"split": form.pop("split")} if "split" in form else {}
    headers = form.pop("headers", {})
    files = {"file": ("x.png", content)}
    path = f"/v1/datasets/{name}/samples"
    return client.post(path, params=params, data=form, files=files, headers=headers)


@pytest.fixture
def copy(client: httpx.Client) -> dict[str, Any]:
    """A copy of MNIST."""
    made: dict[str, Any] = client.post(
        "/v1/datasets", json={"name": new_name(), "from": "mnist"}
    ).json()
    return made


def test_a_correction_is_a_new_version(client: httpx.Client, copy: dict[str, Any]) -> None:
    path = f"/v1/datasets/{copy['name']}"
    tag = client.get(path).headers["etag"]

    response = add(client, copy["name"], png(digit(0)), label="7")

    assert response.status_code == 201, response.text
    added = response.json()
    assert response.headers["location"] == f"{path}/samples/60000?split=train"
    assert (added["index"], added["split"], added["label"]) == (60_000, "train", "7")
    assert added["warnings"] == []
    now = client.get(path, headers={"If-None-Match": tag})
    assert now.status_code == 200
    assert now.json()["version"] == added["version"] == 2
    assert now.json()["sha256"] == added["sha256"] != copy["sha256"]
    assert now.json()["train_samples"] == 60_001
    assert now.json()["class_counts"]["train"]["7"] == copy["class_counts"]["train"]["7"] + 1
    image, label = sample(client, copy["name"], 60_000, "train")
    assert label == "7"
    assert np.array_equal(image, digit(0))
    first, _ = sample(client, copy["name"], 0, "train")
    assert np.array_equal(first, sample(client, "mnist", 0, "train")[0])
    assert client.get("/v1/datasets/mnist").json()["train_samples"] == 60_000


def test_a_drawing_is_prepared_as_predictions_prepare_it(
    client: httpx.Client, copy: dict[str, Any]
) -> None:
    added = add(client, copy["name"], drawing(), label="1", split="test").json()

    assert (added["split"], added["index"]) == ("test", 10_000)
    assert "inverted" in added["warnings"]
    image, _ = sample(client, copy["name"], 10_000, "test")
    assert image.shape == (28, 28)
    assert image[:4].max() == 0


def test_the_same_image_again_is_said(client: httpx.Client, copy: dict[str, Any]) -> None:
    seven = client.get("/v1/datasets/mnist/samples/0", params={"split": "test"}).content

    first = add(client, copy["name"], seven, label="7").json()
    second = add(client, copy["name"], seven, label="7").json()

    assert first["warnings"] == second["warnings"] == ["duplicate"]
    checks = client.get(f"/v1/datasets/{copy['name']}").json()["checks"]
    assert checks["duplicates"] == {"train": 1, "test": 0, "between": 1}


def test_however_it_came_about_an_equal_dataset_is_of_equal_content(client: httpx.Client) -> None:
    """Some forty samples one by one, of which many have become one chunk since."""
    content = {"x_train": np.stack([digit(i) for i in range(40)]), "y_train": np.arange(40) % 2}
    content |= {"x_test": content["x_train"][:3], "y_test": content["y_train"][:3]}
    at_once = uploaded(client, npz(content), classes='["a", "b"]')
    name = client.post("/v1/datasets", json={"name": new_name(), **EMPTY}).json()["name"]

    for split in ("train", "test"):
        for x, y in zip(content[f"x_{split}"], content[f"y_{split}"], strict=True):
            added = add(client, name, png(x), label="ab"[y], split=split)
            assert added.status_code == 201, added.text

    grown = client.get(f"/v1/datasets/{name}").json()
    assert grown["version"] == 44
    for field in ("sha256", "class_counts", "checks", "warnings"):
        assert grown[field] == at_once[field]
    for i in (0, 15, 16, 39):
        image, label = sample(client, name, i, "train")
        assert np.array_equal(image, digit(i))
        assert label == "ab"[i % 2]


def test_samples_are_listed_by_class_over_all_chunks(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(arrays()))
    for i in range(3):
        add(client, dataset["name"], png(digit(i)), label="7")

    seen: list[int] = []
    cursor = None
    while True:
        params = {"label": "7", "limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"/v1/datasets/{dataset['name']}/samples", params=params).json()
        assert all(one["label"] == "7" for one in page["data"])
        seen += [one["index"] for one in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [7, 17, 27, 37, 40, 41, 42]


def test_samples_that_are_added_at_once_are_all_there(server: Server, client: httpx.Client) -> None:
    name = client.post("/v1/datasets", json={"name": new_name(), **EMPTY}).json()["name"]
    answers: list[httpx.Response] = []

    def send(index: int) -> None:
        with httpx.Client(base_url=server.url, timeout=60) as own:
            answers.append(add(own, name, png(digit(index)), label="a"))

    threads = [threading.Thread(target=send, args=(i,)) for i in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [201] * 24
    assert sorted(answer.json()["index"] for answer in answers) == list(range(24))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 26))
    dataset = client.get(f"/v1/datasets/{name}").json()
    assert (dataset["train_samples"], dataset["version"]) == (24, 25)
    assert dataset["checks"]["duplicates"]["train"] == 0
    seen = {sample(client, name, i, "train")[0].tobytes() for i in range(24)}
    assert seen == {digit(i).tobytes() for i in range(24)}


def test_the_same_key_adds_one_sample(client: httpx.Client, copy: dict[str, Any]) -> None:
    headers = {"Idempotency-Key": "one-sample"}

    first, again = (
        add(client, copy["name"], png(digit(1)), label="3", headers=headers) for _ in range(2)
    )
    other = add(client, copy["name"], png(digit(1)), label="4", headers=headers)

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert_problem(other, 422)
    assert client.get(f"/v1/datasets/{copy['name']}").json()["version"] == 2


@pytest.mark.parametrize(
    ("content", "form", "status", "loc"),
    [
        (png(digit(0)), {"label": "eleven"}, 422, ["label"]),
        (png(digit(0)), {}, 422, ["label"]),
        (png(digit(0)), {"label": "7", "lable": "7"}, 422, ["lable"]),
        (png(digit(0)), {"label": "7", "split": "other"}, 422, ["query", "split"]),
        (b"hello", {"label": "7"}, 422, ["file"]),
        (png(np.zeros((50, 50), np.uint8)), {"label": "7"}, 422, ["file"]),
        (b"x" * 17_000_000, {"label": "7"}, 413, None),
    ],
)
def test_what_is_no_sample_is_refused(
    client: httpx.Client,
    copy: dict[str, Any],
    content: bytes,
    form: dict[str, str],
    status: int,
    loc: list[str] | None,
) -> None:
    problem = assert_problem(add(client, copy["name"], content, **form), status)

    if loc is not None:
        assert loc in [error["loc"] for error in problem["errors"]]
    assert client.get(f"/v1/datasets/{copy['name']}").json()["version"] == 1


def test_samples_are_added_only_to_what_is_there_and_ones_own(
    client: httpx.Client, copy: dict[str, Any]
) -> None:
    assert (
        "read-only" in assert_problem(add(client, "mnist", png(digit(0)), label="7"), 409)["detail"]
    )
    assert_problem(add(client, "letters", png(digit(0)), label="7"), 404)
    path = f"/v1/datasets/{copy['name']}/samples"
    assert_problem(client.post(path, json={"label": "7"}), 415)
    assert_problem(client.post(path, data={"label": "7"}, files={"label": (None, "7")}), 422)


def test_colour_samples_of_another_size_are_kept_as_they_are(client: httpx.Client) -> None:
    content = {
        name: values if "y" in name else images(len(values), 5, (3, 8, 8))
        for name, values in arrays().items()
    }
    dataset = uploaded(client, npz(content))
    image = images(1, 9, (8, 8, 3))[0]

    added = add(client, dataset["name"], png(image), label="7").json()
    wrong = add(client, dataset["name"], png(images(1, 9, (9, 8, 3))[0]), label="7")

    assert dataset["sample_shape"] == [3, 8, 8]
    seen, _ = sample(client, dataset["name"], added["index"], "train")
    assert np.array_equal(seen, image)
    before, _ = sample(client, dataset["name"], 3, "train")
    assert np.array_equal(before, np.moveaxis(content["x_train"][3], 0, -1))
    assert "9×8" in assert_problem(wrong, 422)["detail"]


def test_a_class_of_any_script_is_in_the_header_as_in_a_url(client: httpx.Client) -> None:
    body = {"name": new_name(), "sample_shape": [1, 28, 28], "classes": ["七", "a b"]}
    name = client.post("/v1/datasets", json=body).json()["name"]
    for label in body["classes"]:
        assert add(client, name, png(digit(0)), label=label).status_code == 201

    assert [sample(client, name, i, "train")[1] for i in range(2)] == ["%E4%B8%83", "a b"]
