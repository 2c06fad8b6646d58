"""Two models on the same samples."""

from typing import Any

import httpx
import pytest

from app.services.models import mcnemar
from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import assert_problem


def test_two_models_are_compared(client: httpx.Client, model: dict[str, Any]) -> None:
    body = {"preset": "mlp", "epochs": 1, "train_samples": 5000, "alias": "compared"}
    job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])

    params = {"a": model["id"], "b": "compared", "dataset": "mnist"}
    answer = client.get("/v1/models/compare", params=params).json()

    assert answer["a"]["model_id"] == model["id"]
    assert answer["b"]["model_id"] == job["model_id"]
    assert answer["a"]["accuracy"] == pytest.approx(model["metrics"]["test_accuracy"])
    right, wrong = answer["both_right"], answer["both_wrong"]
    only_a, only_b = answer["only_a_right"], answer["only_b_right"]
    assert right + wrong + only_a + only_b == 10_000
    assert right + only_a == round(10_000 * answer["a"]["accuracy"])
    assert right + only_b == round(10_000 * answer["b"]["accuracy"])
    assert answer["p_value"] == pytest.approx(mcnemar(only_a, only_b))
    assert only_a + only_b <= len(answer["disagreements"]) <= only_a + only_b + wrong
    differences = answer["differences"]
    assert [one["index"] for one in differences] == answer["disagreements"]
    assert sum(one["a"] == one["label"] for one in differences) == only_a
    assert sum(one["b"] == one["label"] for one in differences) == only_b


def test_a_model_is_no_different_from_itself(client: httpx.Client, model: dict[str, Any]) -> None:
    params = {"a": model["id"], "b": model["id"]}

    answer = client.get("/v1/models/compare", params=params).json()

    assert answer["p_value"] == 1
    assert answer["disagreements"] == []


def test_what_cannot_be_compared_is_named(client: httpx.Client, model: dict[str, Any]) -> None:
    path = "/v1/models/compare"

    assert_problem(client.get(path, params={"a": model["id"], "b": "unknown"}), 404)
    assert_problem(client.get(path, params={"a": model["id"]}), 422)
    strange = {"a": model["id"], "b": model["id"], "dataset": "unknown"}
    assert_problem(client.get(path, params=strange), 422)


@pytest.mark.parametrize(
    ("only_a", "only_b", "expected"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 5, 0.0625),
        (10, 2, 0.038574),
        (9, 1, 22 / 1024),
        (5000, 5050, 0.625),
    ],
)
def test_mcnemars_exact_test_has_the_known_values(
    only_a: int, only_b: int, expected: float
) -> None:
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=0.01)
    assert mcnemar(only_b, only_a) == mcnemar(only_a, only_b)
