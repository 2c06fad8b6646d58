"""A job is trained again, and its receipt says that the weights are the same."""

from typing import Any

import httpx
import pytest

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


ENDLESS: dict[str, Any] = {**BODY, "epochs": 5000, "alias": None, "max_seconds": 1.5}


@pytest.mark.parametrize("patience", [None, {"patience": 1000}])
def test_a_job_that_ran_out_of_time_is_replayed_to_where_it_stood(
    client: httpx.Client, patience: dict[str, int] | None
) -> None:
    body = {**ENDLESS, "early_stopping": patience}
    first = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    assert first["stopped_by"] == "max_seconds"
    ids = [first["id"]]

    for _ in range(2):  # and so is a replay
        job = client.post(f"/v1/jobs/{ids[-1]}/replay").json()
        assert job["config"] == first["config"]
        ended = wait_until_ended(client, job["id"])
        ids.append(job["id"])

        assert (ended["status"], ended["stopped_by"]) == ("succeeded", "max_seconds")
        assert ended["receipt"]["identical"] is True
        assert ended["receipt"]["ended_after"] == first["receipt"]["ended_after"]
        assert len(ended["history"]) == len(first["history"])


def test_a_trial_that_was_stopped_is_replayed_to_where_it_stood(client: httpx.Client) -> None:
    base = {"preset": "linear", "epochs": 60, "train_samples": 10_000, "seed": 4}
    grid = {"optimizer.learning_rate": [0.01, 0.011, 0.012, 1e-9]}
    body = {"base": base, "grid": grid, "median_stopping": {}}
    trials = client.post("/v1/sweeps", json=body).json()["trials"]
    jobs = [wait_until_ended(client, trial["job_id"]) for trial in trials]
    (stopped,) = (job for job in jobs if job["stopped_by"] == "median_stopping")

    replay = client.post(f"/v1/jobs/{stopped['id']}/replay").json()

    ended = wait_until_ended(client, replay["id"])
    assert (ended["status"], ended["stopped_by"]) == ("succeeded", "median_stopping")
    assert ended["receipt"]["identical"] is True
    assert len(ended["history"]) == len(stopped["history"]) < 60


def test_what_is_only_checked_can_be_asked_for(client: httpx.Client) -> None:
    body = {"preset": "mlp", "validate_only": True}

    config = client.post("/v1/jobs", json=body).json()["config"]

    response = client.post("/v1/jobs", json={**config, **body})
    assert response.status_code == 200, response.text


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
