"""A job is trained again, and its receipt says that the weights are the same."""

from typing import Any

import httpx

from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import assert_problem

BODY: dict[str, Any] = {"preset": "mlp", "epochs": 2, "train_samples": 3000, "alias": "replayed"}


def test_a_replay_leaves_identical_weights(client: httpx.Client) -> None:
    first = wait_until_ended(client, client.post("/v1/jobs", json=BODY).json()["id"])
    assert first["receipt"]["identical"] is None
    served = client.get("/v1/aliases/replayed").json()

    response = client.post(f"/v1/jobs/{first['id']}/replay")

    assert response.status_code == 202, response.text
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert job["replay_of"] == first["id"]
    assert job["config"] == {**first["config"], "alias": None}
    again = client.post("/v1/jobs", json={**job["config"], "validate_only": True})
    assert again.status_code == 200, again.text
    ended = wait_until_ended(client, job["id"])
    assert ended["receipt"]["identical"] is True
    assert ended["receipt"]["weights_sha256"] == first["receipt"]["weights_sha256"]
    assert ended["model_id"] != first["model_id"]
    assert client.get("/v1/aliases/replayed").json() == served  # it is no better a model


def test_the_same_replay_with_the_same_key_is_one_job(client: httpx.Client) -> None:
    first = wait_until_ended(client, client.post("/v1/jobs", json=BODY).json()["id"])
    path, headers = f"/v1/jobs/{first['id']}/replay", {"Idempotency-Key": "again"}

    one, same = (client.post(path, headers=headers).json()["id"] for _ in range(2))

    assert one == same
    wait_until_ended(client, one)


def test_only_what_has_succeeded_is_replayed(client: httpx.Client) -> None:
    job = client.post("/v1/jobs", json={**BODY, "epochs": 500, "alias": None}).json()

    problem = assert_problem(client.post(f"/v1/jobs/{job['id']}/replay"), 409)

    assert problem["allowed_from"] == ["succeeded"]
    client.post(f"/v1/jobs/{job['id']}/cancel")
    assert_problem(client.post("/v1/jobs/job_00000000000000000000000000/replay"), 404)
