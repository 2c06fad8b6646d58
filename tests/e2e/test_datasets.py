"""Datasets: made of files, copied, made empty, looked at and deleted, through the real service."""

import uuid
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.conftest import StartServer, wait_until_ended
from tests.dataset_files import arrays, folders, idx_files, images, npz, png, zipped
from tests.e2e.test_conventions import assert_problem

DIGITS = [str(k) for k in range(10)]
EMPTY: dict[str, Any] = {"sample_shape": [1, 28, 28], "classes": ["a", "b"]}


def new_name() -> str:
    """A name that no other test has: they share a server."""
    return f"set-{uuid.uuid4().hex[:12]}"


def upload(client: httpx.Client, content: bytes, **form: Any) -> httpx.Response:
    headers = form.pop("headers", {})
    data = {"name": new_name(), **form}
    files = {"file": ("data.zip", content)}
    return client.post("/v1/datasets", data=data, files=files, headers=headers)


def uploaded(client: httpx.Client, content: bytes, **form: Any) -> dict[str, Any]:
    response = upload(client, content, **form)
    assert response.status_code == 201, response.text
    dataset: dict[str, Any] = response.json()
    return dataset


def sample(client: httpx.Client, name: str, index: int, split: str) -> tuple[Any, str]:
    """An image as it is seen, and its label."""
    path = f"/v1/datasets/{name}/samples/{index}"
    response = client.get(path, params={"split": split})
    assert response.status_code == 200, response.text
    with Image.open(BytesIO(response.content)) as picture:
        return np.asarray(picture), response.headers["x-label"]


def test_an_npz_becomes_a_dataset_that_says_what_is_in_it(client: httpx.Client) -> None:
    response = upload(client, npz(arrays(train=40, test=20)))

    assert response.status_code == 201, response.text
    dataset = response.json()
    assert response.headers["location"] == f"/v1/datasets/{dataset['name']}"
    assert (dataset["sample_shape"], dataset["classes"]) == ([1, 28, 28], DIGITS)
    assert (dataset["train_samples"], dataset["test_samples"]) == (40, 20)
    assert dataset["class_counts"]["train"] == dict.fromkeys(DIGITS, 4)
    assert dataset["class_counts"]["test"] == dict.fromkeys(DIGITS, 2)
    assert (dataset["version"], dataset["ready"], dataset["warnings"]) == (1, True, [])
    assert dataset["checks"] == {
        "imbalance": 1.0,
        "empty_classes": {"train": [], "test": []},
        "duplicates": {"train": 0, "test": 0, "between": 0},
    }
    read = client.get(response.headers["location"])
    assert read.json() == dataset
    tag = {"If-None-Match": read.headers["etag"]}
    assert client.get(response.headers["location"], headers=tag).status_code == 304
    image, label = sample(client, dataset["name"], 7, "test")
    assert np.array_equal(image, arrays()["x_test"][7])
    assert label == "7"


@pytest.mark.parametrize("files", [idx_files(), idx_files(packed=True, prefix="mnist/")])
def test_equal_datasets_are_of_equal_content_in_whatever_form(
    client: httpx.Client, files: dict[str, bytes]
) -> None:
    dataset = uploaded(client, zipped(files))

    same = uploaded(client, npz(arrays()))
    other = uploaded(client, npz({**arrays(), "y_test": (np.arange(20) + 1) % 10}))
    assert dataset["sha256"] == same["sha256"] != other["sha256"]


def test_folders_become_classes(client: httpx.Client) -> None:
    dataset = uploaded(client, zipped(folders("shapes/")))

    assert dataset["classes"] == ["circle", "square"]
    assert dataset["class_counts"]["train"] == {"circle": 2, "square": 2}
    image, label = sample(client, dataset["name"], 1, "train")
    assert label == "square"
    assert np.array_equal(image, images(6, 3)[2])


def drawing() -> bytes:
    """A dark bar on white paper, as a phone would have it."""
    picture = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(picture).line((150, 40, 160, 160), "darkblue", 14)
    out = BytesIO()
    picture.save(out, "JPEG")
    return out.getvalue()


def test_photos_in_folders_become_what_predictions_see(client: httpx.Client) -> None:
    dataset = uploaded(client, zipped({**folders(), "train/bar/photo.jpg": drawing()}))

    image, label = sample(client, dataset["name"], 0, "train")
    assert (label, image.shape) == ("bar", (28, 28))
    assert image[0].max() == 0  # light on dark, within its margin
    assert image.max() >= 250
    assert dataset["checks"]["empty_classes"]["test"] == ["bar"]


def test_what_is_odd_about_a_dataset_is_said(client: httpx.Client) -> None:
    x = images(30)
    x[20] = x[3]
    y = np.array([0] * 25 + [1] * 4 + [3])
    content = {"x_train": x, "y_train": y, "x_test": x[[3, 4, 4]], "y_test": [0, 0, 0]}

    dataset = uploaded(client, npz(content), classes='["a", "b", "c", "d"]')

    assert dataset["checks"]["imbalance"] == 25
    assert dataset["checks"]["empty_classes"] == {"train": ["c"], "test": ["b", "c", "d"]}
    assert dataset["checks"]["duplicates"] == {"train": 1, "test": 1, "between": 3}
    said = " / ".join(dataset["warnings"])
    for words in ("without training samples: c", "25.0 times", "3 test samples are training"):
        assert words in said


def test_the_list_has_the_newest_first_and_mnist_last(client: httpx.Client) -> None:
    made = [
        client.post("/v1/datasets", json={"name": new_name(), **EMPTY}).json()["name"]
        for _ in range(3)
    ]

    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/datasets", params=params).json()
        assert 1 <= len(page["data"]) <= 2
        seen += [one["name"] for one in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert [name for name in seen if name in made] == made[::-1]
    assert len(seen) == len(set(seen))
    assert seen[-1] == "mnist"


def test_an_empty_dataset_and_a_copy(client: httpx.Client) -> None:
    empty = client.post("/v1/datasets", json={"name": new_name(), **EMPTY})
    copy = client.post("/v1/datasets", json={"name": new_name(), "from": "mnist"})
    again = client.post("/v1/datasets", json={"name": new_name(), "from": copy.json()["name"]})

    assert empty.status_code == copy.status_code == 201, copy.text
    assert empty.headers["location"] == f"/v1/datasets/{empty.json()['name']}"
    assert (empty.json()["ready"], empty.json()["train_samples"]) == (False, 0)
    assert empty.json()["classes"] == EMPTY["classes"]
    mnist = client.get("/v1/datasets/mnist").json()
    for one in (copy.json(), again.json()):
        own = ("name", "created_at")
        assert {k: v for k, v in one.items() if k not in own} == {
            k: v for k, v in mnist.items() if k not in own
        }


BAD_BODIES = [
    ({"name": "Upper", **EMPTY}, ["name"]),
    ({"name": "a/b", **EMPTY}, ["name"]),
    ({"name": "", **EMPTY}, ["name"]),
    ({"name": "x" * 65, **EMPTY}, ["name"]),
    (EMPTY, ["name"]),
    ({"name": "x", "sample_shape": [1, 28, 28]}, ["classes"]),
    ({"name": "x", "classes": ["a"]}, ["sample_shape"]),
    ({"name": "x", "classes": ["a"], "from": "mnist"}, ["classes"]),
    ({"name": "x", **EMPTY, "classes": []}, ["classes"]),
    ({"name": "x", **EMPTY, "classes": ["a", "a"]}, ["classes"]),
    ({"name": "x", **EMPTY, "classes": ["a\n"]}, ["classes", 0]),
    ({"name": "x", **EMPTY, "classes": [str(k) for k in range(1001)]}, ["classes"]),
    ({"name": "x", **EMPTY, "sample_shape": [1, 0, 28]}, ["sample_shape", 1]),
    ({"name": "x", **EMPTY, "sample_shape": [9, 2**20, 28]}, ["sample_shape"]),
    ({"name": "x", "from": "letters"}, ["from"]),
    ({"name": "x", "source": "mnist"}, ["source"]),
]


@pytest.mark.parametrize(("body", "loc"), BAD_BODIES)
def test_a_description_that_cannot_be_is_refused(
    client: httpx.Client, body: dict[str, Any], loc: list[str | int]
) -> None:
    problem = assert_problem(client.post("/v1/datasets", json=body), 422)

    assert loc in [error["loc"] for error in problem["errors"]]


def bad_forms() -> Iterator[Any]:
    good = npz(arrays())
    yield "no file", {}, None, 422, ["file"], "file is needed"
    yield "a name", {"name": "No"}, good, 422, ["name"], "pattern"
    yield "a part", {"clases": "[]"}, good, 422, ["clases"], "classes"
    yield "not json", {"classes": "{"}, good, 400, None, "not JSON"
    yield "classes", {"classes": '["a"]'}, good, 422, ["file"], "none of the 1 classes"
    yield "no dataset", {}, b"hello", 422, ["file"], "not a zip"
    nothing = zipped({"train/7/empty.png": png(np.zeros((50, 50), np.uint8))})
    yield "a blank image", {}, nothing, 422, ["file"], "'train/7/empty.png'"
    broken = zipped({"train/7/broken.png": png(images(1)[0])[:-40]})
    yield "a broken image", {}, broken, 422, ["file"], "'train/7/broken.png'"


@pytest.mark.parametrize(
    ("form", "content", "status", "loc", "words"),
    [pytest.param(*form[1:], id=form[0]) for form in bad_forms()],
)
def test_a_file_that_is_no_dataset_is_refused_with_the_reason(
    client: httpx.Client,
    form: dict[str, str],
    content: bytes | None,
    status: int,
    loc: list[str] | None,
    words: str,
) -> None:
    name = new_name()
    files: Any = {"file": ("d", content)} if content is not None else {"x": (None, "")}
    if content is None:
        files = {"name": (None, name)}
    data = {"name": name, **form} if content is not None else {}

    problem = assert_problem(client.post("/v1/datasets", data=data, files=files), status)

    assert words in problem["detail"]
    if loc is not None:
        assert loc in [error["loc"] for error in problem["errors"]]
    assert_problem(client.get(f"/v1/datasets/{name}"), 404)


def test_names_are_unique_and_mnist_is_read_only(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(arrays()))

    assert_problem(upload(client, npz(arrays()), name=dataset["name"]), 409)
    assert_problem(client.post("/v1/datasets", json={"name": dataset["name"], **EMPTY}), 409)
    assert_problem(upload(client, npz(arrays()), name="mnist"), 409)
    assert_problem(client.delete("/v1/datasets/mnist"), 409)
    assert client.get(f"/v1/datasets/{dataset['name']}").json() == dataset


def test_only_forms_and_json_are_taken(client: httpx.Client) -> None:
    assert_problem(client.post("/v1/datasets", content=npz(arrays())), 415)
    headers = {"Content-Type": "application/json"}
    assert_problem(client.post("/v1/datasets", content=b"{", headers=headers), 400)
    large = b" " * 1_100_000
    assert_problem(client.post("/v1/datasets", content=large, headers=headers), 413)


def test_an_upload_over_the_limit_is_refused(start_server: StartServer) -> None:
    server = start_server(
        MNISTRY_MAX_UPLOAD_BYTES="20000",
        MNISTRY_MAX_DATASET_SAMPLES="30",
        MNISTRY_MAX_DATASET_CLASSES="9",
    )
    with httpx.Client(base_url=server.url, timeout=60) as client:
        assert_problem(upload(client, npz(arrays())), 413)
        few = {name: values[:5] for name, values in arrays().items()}
        assert "at most 9 classes" in assert_problem(upload(client, npz(few)), 422)["detail"]
        many = {**few, "x_train": np.zeros((31, 28, 28)), "y_train": np.zeros(31, int)}
        assert "at most 30 samples" in assert_problem(upload(client, npz(many)), 422)["detail"]
        limits = client.get("/v1/limits").json()
        assert (limits["dataset_samples"], limits["dataset_classes"]) == (30, 9)


@pytest.mark.parametrize("as_json", [True, False])
def test_the_same_key_makes_one_dataset(client: httpx.Client, as_json: bool) -> None:
    name, headers = new_name(), {"Idempotency-Key": new_name()}

    def send(classes: list[str]) -> httpx.Response:
        if as_json:
            body = {"name": name, "sample_shape": [1, 28, 28], "classes": classes}
            return client.post("/v1/datasets", json=body, headers=headers)
        text = "[" + ",".join(f'"{one}"' for one in classes) + "]"
        return upload(client, npz(arrays()), name=name, classes=text, headers=headers)

    first, again = send(DIGITS), send(DIGITS)
    other = send(DIGITS[::-1])

    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert_problem(other, 422)


def test_a_dataset_is_deleted_once_no_job_needs_it(client: httpx.Client) -> None:
    dataset = uploaded(client, npz(arrays()))
    path = f"/v1/datasets/{dataset['name']}"
    body = {"preset": "linear", "dataset": dataset["name"], "epochs": 1}
    done = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    endless = client.post("/v1/jobs", json={**body, "epochs": 10_000}).json()

    assert endless["id"] in assert_problem(client.delete(path), 409)["detail"]
    client.post(f"/v1/jobs/{endless['id']}/pause")
    assert_problem(client.delete(path), 409)
    client.post(f"/v1/jobs/{endless['id']}/cancel")
    assert client.delete(path).status_code == 204

    assert_problem(client.get(path), 404)
    assert_problem(client.delete(path), 404)
    assert_problem(client.get(f"{path}/samples"), 404)
    assert client.get(f"/v1/jobs/{done['id']}").json()["receipt"] == done["receipt"]
    model = client.get(f"/v1/models/{done['model_id']}").json()
    assert (model["dataset"], model["classes"]) == (dataset["name"], DIGITS)
    assert_problem(client.post(f"/v1/jobs/{done['id']}/replay"), 409)
    problem = assert_problem(client.post("/v1/jobs", json=body), 422)
    assert problem["errors"][0]["loc"] == ["dataset"]


def test_a_copy_outlives_its_source(client: httpx.Client) -> None:
    source = uploaded(client, npz(arrays()))
    copy = client.post("/v1/datasets", json={"name": new_name(), "from": source["name"]}).json()

    assert client.delete(f"/v1/datasets/{source['name']}").status_code == 204

    image, label = sample(client, copy["name"], 12, "train")
    assert label == "2"
    assert np.array_equal(image, arrays()["x_train"][12])
