"""Lists of aliases, and changes that depend on what is there."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

NAMES = ["walk.1", "walk.2", "walk.3", "walk.4", "walk.5"]


@pytest.fixture
def walked(client: httpx.Client, model: dict[str, Any]) -> Iterator[list[str]]:
    """Some aliases, in the order in which they were made."""
    for name in NAMES:
        made = client.put(f"/v1/aliases/{name}", json={"model_id": model["id"]})
        assert made.status_code == 200
    yield NAMES
    for name in NAMES:
        client.delete(f"/v1/aliases/{name}")


def test_aliases_are_walked_newest_first(client: httpx.Client, walked: list[str]) -> None:
    found: list[str] = []
    cursor: str | None = None
    while cursor is not None or not found:
        page = client.get(
            "/v1/aliases", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
        )
        found += [alias["alias"] for alias in page.json()["data"]]
        cursor = page.json()["next_cursor"]

    assert [name for name in found if name in walked] == walked[::-1]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("resource", ["networks", "jobs", "models", "aliases", "datasets"])
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "limit=",
        "limit=1.5",
        "cursor=",
        "cursor=x",
        "cursor=%00",
        "cursor=" + "A" * 201,
    ],
)
def test_a_page_that_makes_no_sense_is_refused(
    client: httpx.Client, resource: str, query: str
) -> None:
    response = client.get(f"/v1/{resource}?{query}")

    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["query", query.partition("=")[0]]


def test_a_cursor_is_good_for_its_own_list_only(client: httpx.Client) -> None:
    for _ in range(2):
        client.post("/v1/networks", json={"preset": "linear"})
    cursor = client.get("/v1/networks", params={"limit": 1}).json()["next_cursor"]

    refused = client.get("/v1/jobs", params={"cursor": cursor})

    assert refused.status_code == 422


def test_an_alias_is_made_only_where_there_is_none(
    client: httpx.Client, model: dict[str, Any]
) -> None:
    only_new = {"If-None-Match": "*"}
    body = {"model_id": model["id"]}

    made = client.put("/v1/aliases/only-new", json=body, headers=only_new)
    again = client.put("/v1/aliases/only-new", json=body, headers=only_new)

    assert made.status_code == 200
    assert made.headers["ETag"] == client.get("/v1/aliases/only-new").headers["ETag"]
    assert again.status_code == 412


def test_a_weak_tag_does_not_allow_a_change(client: httpx.Client, model: dict[str, Any]) -> None:
    body = {"model_id": model["id"]}
    tag = client.put("/v1/aliases/weak", json=body).headers["ETag"]

    weak = client.put("/v1/aliases/weak", json=body, headers={"If-Match": f"W/{tag}"})
    strong = client.put("/v1/aliases/weak", json=body, headers={"If-Match": f'"other", {tag}'})

    assert (weak.status_code, strong.status_code) == (412, 200)
