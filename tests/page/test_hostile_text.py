"""Names, tags, notes and labels that are markup, or run from right to left, are shown as text."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Server, wait_until_ended
from tests.dataset_files import images, png, zipped
from tests.page.gestures import SEVEN, draw

TRAP = '<img src=x onerror="alert(1)">'
HEBREW = "\u05e9\u05d1\u05e2 7"
LABELS = sorted([TRAP, HEBREW])
NAME = f"{TRAP} \u202e{HEBREW}"
"""With a character that turns what follows around, which no class may have in its name."""


@pytest.fixture(scope="module")
def job(server: Server) -> Iterator[dict[str, Any]]:
    """A job, with all that it leaves, whose every text is a trap."""
    files = {
        f"{split}/{label}/{i}.png": png(images(1, seed)[0])
        for seed, (split, label, i) in enumerate(
            (split, label, i) for split in ("train", "test") for label in LABELS for i in range(20)
        )
    }
    layers = [{"type": "flatten"}, {"type": "dense", "output_dim": 2}, {"type": "softmax"}]
    body = {
        "network": {"name": TRAP, "input_shape": [1, 28, 28], "layers": layers},
        "dataset": "traps",
        "epochs": 1,
        "name": NAME,
        "tags": [TRAP, HEBREW],
        "notes": f"{TRAP}\n{HEBREW}",
    }
    with httpx.Client(base_url=server.url, timeout=70) as client:
        file = {"file": ("traps.zip", zipped(files))}
        client.post("/v1/datasets", data={"name": "traps"}, files=file).raise_for_status()
        sweep = {"base": body, "grid": {"seed": [1, 2]}}
        trials = client.post("/v1/sweeps", json=sweep).raise_for_status().json()["trials"]
        ended = [wait_until_ended(client, trial["job_id"]) for trial in trials]
        assert ended[0]["status"] == "succeeded", ended[0]["error"]
        yield ended[0]


def expect_texts_alone(page: Page) -> None:
    """Nothing has become an element; that nothing has spoken up is seen to for every page."""
    assert page.locator("img[src=x]").count() == 0


def option(page: Page, view: str, label: str) -> Locator:
    chosen = page.locator(f"#{view}").get_by_role("combobox", name=label, exact=True)
    return chosen.locator("option:checked")


def test_where_one_draws(page: Page, job: dict[str, Any]) -> None:
    page.goto(f"/#draw?model={job['model_id']}")
    expect(page.get_by_label("Read by").locator("option:checked")).to_contain_text(TRAP)
    draw(page, SEVEN)
    expect(page.locator("#bars .label")).to_have_text(LABELS)
    expect(page.locator("#verdict .says")).to_contain_text(re.compile("img src=x|\u05e9"))
    expect_texts_alone(page)


def test_where_one_trains(page: Page, job: dict[str, Any]) -> None:
    page.goto(f"/#train?job={job['id']}")
    expect(page.locator("#watch-title")).to_have_text(NAME)
    expect(page.locator("#watch .tag")).to_have_text([TRAP, HEBREW])
    expect(page.locator("#watch .job-labels > span").last).to_have_text(job["notes"])
    expect(page.locator(f'#jobs a[href$="{job["id"]}"] b')).to_have_text(NAME)
    page.get_by_text("The whole recipe").click()
    begin = page.get_by_label("Begin with").locator("option")
    expect(begin.filter(has_text=TRAP)).to_have_count(2)
    expect_texts_alone(page)


def test_where_one_compares(page: Page, job: dict[str, Any]) -> None:
    a_and_b = f"a={job['model_id']}&b={job['model_id']}&dataset=traps"
    page.goto(f"/#compare?jobs={job['id']}&{a_and_b}")
    row = page.locator(".jobs-table tbody tr", has_text=HEBREW).first
    expect(row.get_by_role("link")).to_have_text(NAME)
    expect(row.locator(".tag")).to_have_text([TRAP, HEBREW])
    expect(page.locator(".curves .legend").first).to_contain_text(TRAP)
    expect(option(page, "compare", "A")).to_contain_text(TRAP)
    expect(page.locator("#compare .outcome")).to_have_text("They are equally good")
    expect_texts_alone(page)


def test_where_one_looks_inside(page: Page, job: dict[str, Any]) -> None:
    page.goto(f"/#inside?model={job['model_id']}&data=traps&sample=traps/test/0")
    expect(option(page, "inside", "Model")).to_contain_text(TRAP)
    expect(page.locator(".confusion thead th")).to_have_text(LABELS)
    expect(page.locator("#inside .wall.small button span").first).to_have_text(LABELS[0])
    expect(page.locator("#inside").get_by_label("Class").locator("option")).to_contain_text(
        ["all", *LABELS]
    )
    expect(page.locator(".layers-film figure")).to_have_count(3)
    expect_texts_alone(page)
