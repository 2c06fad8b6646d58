"""WCAG 2.2 AA as far as rules can tell, light and dark, on small screens and large."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.page.gestures import SEVEN, Model, draw, expect_a_reading, open_with

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = [(360, 740), (768, 1024), (1440, 900), (3840, 2160)]


def expect_no_violation(page: Page) -> None:
    options = {"runOnly": {"type": "tag", "values": TAGS}}
    found = Axe().run(page, options=options).response["violations"]
    assert [(v["id"], [node["target"] for node in v["nodes"]]) for v in found] == []


def expect_no_sideways_scrolling(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_draw(page: Page, model: Model, scheme: str) -> None:
    page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    open_with(page, model)
    expect_no_violation(page)
    draw(page, SEVEN)
    expect_a_reading(page, "7")
    page.get_by_label("Show which of them mattered").check()
    page.get_by_text("It is a …").click()
    expect(page.locator(".mattered")).to_be_visible()
    expect_no_violation(page)
    page.get_by_role("radio", name="Pixels").check(force=True)
    expect(page.get_by_role("grid")).to_be_visible()
    expect_no_violation(page)
    page.get_by_role("button", name="Show the reading as a request").click()
    expect_no_violation(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_train(page: Page, model: Model, scheme: str) -> None:
    page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    page.goto(f"/#train?job={model['job_id']}")
    expect(page.locator(".outcome")).to_be_visible()
    page.get_by_role("radio", name="resnet").check(force=True)
    page.get_by_role("button", name="residual").first.click()
    page.get_by_text("The whole recipe").click()
    page.get_by_text("The numbers").click()
    expect_no_violation(page)


@pytest.mark.parametrize("view", ["draw", "train"])
def test_every_width_shows_all_of_it(page: Page, model: Model, view: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"/?{width}#{view}?job={model['job_id']}")
        expect(page.locator(f"#{view} h2")).to_be_visible()
        if view == "train":
            expect(page.locator(".outcome")).to_be_visible()
        expect_no_sideways_scrolling(page)
