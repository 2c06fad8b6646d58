"""A drawing is read again and again while a network learns."""

from typing import Any

import httpx
import pytest

from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import assert_problem

SEVEN = [[[10, 10], [60, 10], [30, 80]]]
BODY: dict[str, Any] = {"preset": "mlp", "epochs": 3, "seed": 1, "probe": {"strokes": SEVEN}}


def probes(client: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    path, headers = f"/v1/jobs/{job_id}/events", {"Accept": "application/json"}
    events = client.get(path, params={"after": 0}, headers=headers).json()["data"]
    return [event["data"] for event in events if event["event"] == "probe"]


def test_a_drawing_is_read_while_the_network_learns(client: httpx.Client) -> None:
    job_id = client.post("/v1/jobs", json=BODY).json()["id"]
    ended = wait_until_ended(client, job_id)
    assert ended["status"] == "succeeded", ended["error"]

    seen = probes(client, job_id)

    assert len(seen) >= 3
    assert [one["step"] for one in seen] == sorted(one["step"] for one in seen)
    for one in seen:
        assert len(one["probabilities"]) == 10
        assert sum(one["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert seen[-1]["label"] == "7"
    assert seen[-1]["step"] == ended["progress"]["step"]
    model = f"/v1/models/{ended['model_id']}/predict"
    answer = client.post(model, json={"instances": [{"strokes": SEVEN}]}).json()
    assert answer["predictions"][0]["label"] == "7"


@pytest.mark.parametrize(
    ("probe", "loc"),
    [
        ({"strokes": []}, ["probe", "strokes"]),
        ({"strokes": [[[1]]]}, ["probe", "strokes", 0, 0]),
        ({"image": "x"}, ["probe"]),
    ],
)
def test_a_drawing_that_cannot_be_read_is_refused(
    client: httpx.Client, probe: dict[str, Any], loc: list[str | int]
) -> None:
    problem = assert_problem(client.post("/v1/jobs", json={**BODY, "probe": probe}), 422)

    assert problem["errors"][0]["loc"][: len(loc)] == loc
