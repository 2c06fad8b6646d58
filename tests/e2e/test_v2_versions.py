"""The Open Inference Protocol v2: an alias's moves are versions."""

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.conftest import Server, wait_until_ended
from tests.open_inference import assert_failure, tensor


@pytest.fixture(scope="module")
def moved(server: Server, model: dict[str, Any]) -> Iterator[dict[str, str]]:
    """An alias that moved once; the models before and after."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = {"preset": "linear", "epochs": 1, "train_samples": 1000}
        ended = wait_until_ended(client, client.post("/v1/jobs", json=job).json()["id"])
        before, after = ended["model_id"], model["id"]
        for model_id in (before, after):
            client.put("/v1/aliases/v2-moved", json={"model_id": model_id})
        yield {"before": before, "after": after}
        client.delete("/v1/aliases/v2-moved")


@pytest.mark.parametrize(
    ("path", "which", "version"),
    [
        ("v2-moved", "after", "2"),
        ("v2-moved/versions/2", "after", "2"),
        ("v2-moved/versions/1", "before", "1"),
        ("v2-moved/versions/{before}", "before", "1"),
        ("{after}/versions/v2-moved", "after", "2"),
        ("{after}/versions/1", "after", "1"),
        ("latest/versions/v2-moved", "after", "2"),
    ],
)
def test_a_version_is_a_move_an_id_or_an_alias(
    client: httpx.Client, moved: dict[str, str], path: str, which: str, version: str
) -> None:
    path = path.format(**moved)

    answer = client.post(f"/v2/models/{path}/infer", json=tensor(np.zeros((1, 784)))).json()

    assert answer["model_name"] == path.split("/")[0]
    assert answer["model_version"] == version
    assert answer["parameters"]["model_id"] == moved[which]
    metadata = client.get(f"/v2/models/{path}").json()
    assert metadata["properties"]["model_id"] == moved[which]


def test_versions_are_listed_and_contradictions_refused(
    client: httpx.Client, moved: dict[str, str]
) -> None:
    assert client.get("/v2/models/v2-moved").json()["versions"] == ["2", "1"]
    for path in ("v2-moved/versions/3", "{before}/versions/v2-moved", "{before}/versions/2"):
        assert_failure(client.get(f"/v2/models/{path.format(**moved)}"), 404)


def test_no_alias_hides_the_statistics(client: httpx.Client, model: dict[str, Any]) -> None:
    response = client.put("/v1/aliases/stats", json={"model_id": model["id"]})

    assert response.status_code == 422
