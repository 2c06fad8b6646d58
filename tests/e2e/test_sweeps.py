"""Many jobs at once, ranked."""

import time
from typing import Any

import httpx
import pytest

from tests.e2e.test_conventions import assert_problem

BASE: dict[str, Any] = {"preset": "linear", "epochs": 1, "train_samples": 2000, "seed": 4}


def ended(client: httpx.Client, sweep_id: str) -> dict[str, Any]:
    for _ in range(600):
        sweep: dict[str, Any] = client.get(f"/v1/sweeps/{sweep_id}").json()
        if sweep["status"] not in ("queued", "running"):
            return sweep
        time.sleep(0.1)
    raise AssertionError("the sweep does not end")


def test_trials_are_ranked_with_only_what_differs(client: httpx.Client) -> None:
    grid = {"optimizer.learning_rate": [1e-9, 0.01], "batch_size": [64, 128]}
    body = {"base": BASE, "grid": grid, "metric": "val_accuracy"}

    response = client.post("/v1/sweeps", json=body)

    assert response.status_code == 202, response.text
    sweep = response.json()
    assert response.headers["location"] == f"/v1/sweeps/{sweep['id']}"
    assert sweep["id"].startswith("swp_")
    assert len(sweep["trials"]) == 4
    assert sweep["median_stopping"] is None
    done = ended(client, sweep["id"])
    assert done["status"] == "succeeded"
    assert [trial["rank"] for trial in done["trials"]] == [1, 2, 3, 4]
    values = [trial["value"] for trial in done["trials"]]
    assert values == sorted(values, reverse=True)
    rates = [trial["parameters"]["optimizer.learning_rate"] for trial in done["trials"]]
    assert rates == [0.01, 0.01, 1e-9, 1e-9]
    for trial in done["trials"]:
        job = client.get(f"/v1/jobs/{trial['job_id']}").json()
        assert job["config"]["optimizer"]["type"] == "adamw"  # the rest is the preset's
        rate = trial["parameters"]["optimizer.learning_rate"]
        assert job["config"]["optimizer"]["learning_rate"] == rate
        assert job["config"]["seed"] == 4
        assert job["sweep_id"] == sweep["id"]
        assert job["best"]["val_accuracy"] == trial["value"]


def test_of_many_combinations_as_many_as_wanted_are_drawn(client: httpx.Client) -> None:
    grid = {"seed": list(range(50)), "batch_size": [64, 128]}
    body = {"base": BASE, "grid": grid, "max_trials": 3, "metric": "train_loss"}

    sweep = client.post("/v1/sweeps", json=body).json()

    assert len(sweep["trials"]) == 3
    done = ended(client, sweep["id"])
    values = [trial["value"] for trial in done["trials"]]
    assert values == sorted(values)


def test_a_trial_that_falls_behind_is_stopped(client: httpx.Client) -> None:
    rates = [0.01, 0.011, 0.012, 1e-9]
    body = {
        "base": {**BASE, "epochs": 60, "train_samples": 10_000},
        "grid": {"optimizer.learning_rate": rates},
        "median_stopping": {"grace_epochs": 2},
    }

    sweep = client.post("/v1/sweeps", json=body).json()

    assert sweep["median_stopping"] == {"grace_epochs": 2}
    done = ended(client, sweep["id"])
    assert done["status"] == "succeeded"
    assert done["median_stopping"] == {"grace_epochs": 2}
    trials = {trial["parameters"]["optimizer.learning_rate"]: trial for trial in done["trials"]}
    jobs = [client.get(f"/v1/jobs/{trials[rate]['job_id']}").json() for rate in rates]
    assert [job["stopped_by"] for job in jobs] == [None, None, None, "median_stopping"]
    assert [len(job["history"]) for job in jobs[:3]] == [60, 60, 60]
    assert 2 < len(jobs[3]["history"]) < 60
    assert client.get(f"/v1/models/{jobs[3]['model_id']}").status_code == 200


def test_all_trials_are_cancelled_together(client: httpx.Client) -> None:
    body = {"base": {**BASE, "epochs": 500}, "grid": {"seed": [1, 2, 3]}}
    headers = {"Idempotency-Key": "one-sweep"}
    sweep = client.post("/v1/sweeps", json=body, headers=headers).json()
    assert client.post("/v1/sweeps", json=body, headers=headers).json()["id"] == sweep["id"]

    for _ in range(2):
        response = client.post(f"/v1/sweeps/{sweep['id']}/cancel")
        assert response.status_code == 202
        assert response.json()["status"] == "cancelled"

    for trial in sweep["trials"]:
        assert client.get(f"/v1/jobs/{trial['job_id']}").json()["status"] == "cancelled"


@pytest.mark.parametrize(
    ("change", "loc", "words"),
    [
        (
            {"grid": {"optimizer.learning_rate": [0.1, -1]}},
            ["grid", "optimizer.learning_rate"],
            "-1",
        ),
        ({"grid": {"optimizer.rate": [1]}}, ["grid", "optimizer.rate"], "optimizer.rate"),
        ({"grid": {}}, ["grid"], "at least 1"),
        ({"grid": {"seed": []}}, ["grid", "seed"], "at least 1"),
        ({"base": {**BASE, "epochs": 0}}, ["base", "epochs"], "greater"),
        ({"base": {**BASE, "dataset": "nothing"}}, ["base", "dataset"], "no dataset"),
        ({"metric": "beauty"}, ["metric"], "val_accuracy"),
        ({"max_trials": 0}, ["max_trials"], "greater"),
        (
            {"median_stopping": {"grace_epochs": -1}},
            ["median_stopping", "grace_epochs"],
            "greater",
        ),
        ({"median_stopping": {"grace": 1}}, ["median_stopping", "grace"], "unknown"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_with_the_reason(
    client: httpx.Client, change: dict[str, Any], loc: list[str], words: str
) -> None:
    body = {"base": BASE, "grid": {"seed": [1]}, **change}
    before = client.get("/v1/jobs").json()["data"][:1]

    problem = assert_problem(client.post("/v1/sweeps", json=body), 422)

    assert problem["errors"][0]["loc"] == loc
    assert words in problem["errors"][0]["msg"]
    assert client.get("/v1/jobs").json()["data"][:1] == before  # nothing was begun


def test_there_is_no_sweep_of_another_name(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/sweeps/swp_00000000000000000000000000"), 404)
