"""Jobs are paused and resumed, and what a person says of them is changed."""

import time
from typing import Any

import httpx
import pytest

from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import assert_problem

LONG: dict[str, Any] = {
    "preset": "mlp",
    "epochs": 6,
    "train_samples": 20_000,
    "seed": 11,
    "early_stopping": {"patience": 50},
}


def submit(client: httpx.Client, **fields: Any) -> str:
    response = client.post("/v1/jobs", json={**LONG, **fields})
    assert response.status_code == 202, response.text
    job_id: str = response.json()["id"]
    return job_id


def wait_for(client: httpx.Client, job_id: str, reached: Any) -> dict[str, Any]:
    for _ in range(400):
        job: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if reached(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} did not come so far")


def ask(client: httpx.Client, job_id: str, what: str) -> dict[str, Any]:
    response = client.post(f"/v1/jobs/{job_id}/{what}")
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    return job


def test_a_paused_job_ends_with_the_weights_of_one_that_was_not(client: httpx.Client) -> None:
    undisturbed = wait_until_ended(client, submit(client))
    job_id = submit(client)
    for epoch in (1, 3):
        wait_for(client, job_id, lambda job, n=epoch: len(job["history"]) >= n)
        assert ask(client, job_id, "pause")["status"] == "paused"
        time.sleep(1)
        before = client.get(f"/v1/jobs/{job_id}").json()
        assert before["status"] == "paused"
        time.sleep(0.5)
        assert client.get(f"/v1/jobs/{job_id}").json()["progress"] == before["progress"]
        assert ask(client, job_id, "resume")["status"] == "queued"

    ended = wait_until_ended(client, job_id)

    assert ended["status"] == "succeeded", ended["error"]
    assert ended["receipt"]["weights_sha256"] == undisturbed["receipt"]["weights_sha256"]
    figures = ("epoch", "train_loss", "val_loss", "val_accuracy")
    assert [[entry[f] for f in figures] for entry in ended["history"]] == [
        [entry[f] for f in figures] for entry in undisturbed["history"]
    ]
    assert ended["attempt"] == 1
    statuses = [entry["status"] for entry in ended["history_of_status"]]
    again = ["paused", "queued", "running"]
    assert statuses == ["queued", "running", *again, *again, "succeeded"]


def test_a_job_in_the_queue_can_be_paused_too(client: httpx.Client) -> None:
    first, second = submit(client), submit(client, epochs=1, train_samples=1000)
    assert ask(client, second, "pause")["queue_position"] is None
    wait_until_ended(client, first)
    time.sleep(0.5)
    assert client.get(f"/v1/jobs/{second}").json()["status"] == "paused"

    ask(client, second, "resume")

    assert wait_until_ended(client, second)["status"] == "succeeded"


def test_asking_for_the_state_it_is_in_is_no_error(client: httpx.Client) -> None:
    job_id = submit(client)

    assert ask(client, job_id, "resume")["status"] in ("queued", "running")
    assert ask(client, job_id, "pause")["status"] == "paused"
    assert ask(client, job_id, "pause")["status"] == "paused"
    assert ask(client, job_id, "cancel")["status"] == "cancelled"

    for what, allowed in (("pause", ["queued", "running"]), ("resume", ["paused"])):
        problem = assert_problem(client.post(f"/v1/jobs/{job_id}/{what}"), 409)
        assert problem["allowed_from"] == allowed
    assert_problem(client.post("/v1/jobs/job_00000000000000000000000000/pause"), 404)


def test_what_a_person_says_of_a_job_can_be_changed(client: httpx.Client) -> None:
    job_id = submit(client, epochs=1, train_samples=1000, name="first", tags=["old"])

    changed = client.patch(f"/v1/jobs/{job_id}", json={"tags": ["new", "näher"], "notes": "a\nb"})

    assert changed.status_code == 200, changed.text
    job = changed.json()
    assert (job["name"], job["notes"], job["tags"]) == ("first", "a\nb", ["new", "näher"])
    found = client.get("/v1/jobs", params={"tag": "näher"}).json()["data"]
    assert [one["id"] for one in found] == [job_id]
    assert not client.get("/v1/jobs", params={"tag": "old"}).json()["data"]
    cleared = client.patch(f"/v1/jobs/{job_id}", json={"name": None, "tags": []}).json()
    assert (cleared["name"], cleared["tags"]) == (None, [])
    wait_until_ended(client, job_id)


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"name": ""}, ["name"]),
        ({"nmae": "x"}, ["nmae"]),
        ({"tags": ["x" * 65]}, ["tags", 0]),
        ({"epochs": 3}, ["epochs"]),
        ({"notes": "\u0000"}, ["notes"]),
    ],
)
def test_a_wrong_label_is_refused(
    client: httpx.Client, body: dict[str, Any], loc: list[str | int]
) -> None:
    job_id = client.get("/v1/jobs").json()["data"][0]["id"]

    problem = assert_problem(client.patch(f"/v1/jobs/{job_id}", json=body), 422)

    assert problem["errors"][0]["loc"] == loc
