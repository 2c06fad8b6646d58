"""A job begins with the weights of a model."""

from typing import Any

import httpx

from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import assert_problem

FIRST: dict[str, Any] = {"preset": "mlp", "epochs": 2, "train_samples": 10_000, "seed": 1}
STILL = {"type": "sgd", "learning_rate": 1e-12}
"""Steps so small that a network stays where it began."""


def train(client: httpx.Client, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/jobs", json={**FIRST, **fields})
    assert response.status_code == 202, response.text
    return wait_until_ended(client, response.json()["id"])


def accuracy(client: httpx.Client, job: dict[str, Any]) -> float:
    model = client.get(f"/v1/models/{job['model_id']}").json()
    value: float = model["metrics"]["test_accuracy"]
    return value


def test_a_job_goes_on_from_a_model(client: httpx.Client) -> None:
    first = train(client, alias="beginning")

    same = train(client, init_from=first["model_id"], optimizer=STILL, epochs=1, seed=2)
    by_alias = train(client, init_from="beginning", optimizer=STILL, epochs=1, seed=2)
    latest = client.post("/v1/jobs", json={**FIRST, "init_from": "latest", "validate_only": True})
    from_nothing = train(client, optimizer=STILL, epochs=1, seed=2)

    assert same["config"]["init_from"] == first["model_id"] == by_alias["config"]["init_from"]
    assert latest.json()["config"]["init_from"] == by_alias["model_id"]
    assert abs(accuracy(client, same) - accuracy(client, first)) < 0.001
    assert accuracy(client, by_alias) == accuracy(client, same)
    assert accuracy(client, from_nothing) < 0.5


def test_a_model_of_another_network_is_refused(client: httpx.Client) -> None:
    first = train(client, epochs=1, train_samples=1000)

    for init_from, preset, words in (
        (first["model_id"], "linear", "another network"),
        ("mdl_00000000000000000000000000", "mlp", "there is no model"),
    ):
        body = {"preset": preset, "init_from": init_from}
        (error,) = assert_problem(client.post("/v1/jobs", json=body), 422)["errors"]
        assert error["loc"] == ["init_from"]
        assert words in error["msg"]


def test_a_job_whose_model_was_deleted_says_so(client: httpx.Client) -> None:
    first = train(client, epochs=1, train_samples=1000)
    running = client.post("/v1/jobs", json={**FIRST, "epochs": 300}).json()
    body = {**FIRST, "init_from": first["model_id"]}
    waiting = client.post("/v1/jobs", json=body).json()
    assert client.delete(f"/v1/models/{first['model_id']}").status_code == 204
    client.post(f"/v1/jobs/{running['id']}/cancel")

    ended = wait_until_ended(client, waiting["id"])

    assert ended["status"] == "failed"
    assert ended["error"]["code"] == "model_gone"
