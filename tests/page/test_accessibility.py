"""WCAG 2.2 AA as far as rules can tell, light and dark, on small screens and large."""

from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.conftest import Server, StartServer, wait_until_ended
from tests.dataset_files import arrays, npz
from tests.page.gestures import SEVEN, Model, draw, expect_a_reading, open_with

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES = [(360, 740), (768, 1024), (1440, 900), (3840, 2160)]


def expect_no_violation(page: Page) -> None:
    options = {"runOnly": {"type": "tag", "values": TAGS}}
    found = Axe().run(page, options=options).response["violations"]
    assert [(v["id"], [node["target"] for node in v["nodes"]]) for v in found] == []


def expect_no_violation_on_a_phone(page: Page) -> None:
    """By day and by night."""
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    expect_no_violation(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    expect_no_violation(page)
    expect_no_sideways_scrolling(page)


def train(server: Server, **body: Any) -> str:
    """A job that has ended: its id."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = client.post("/v1/jobs", json={"train_samples": 2000, "epochs": 1, **body}).json()
        wait_until_ended(client, job["id"])
        return str(job["id"])


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


def test_axe_finds_nothing_wrong_with_a_failure(page: Page, server: Server) -> None:
    layers = [{"type": "flatten"}, {"type": "dense", "output_dim": 10}]
    job = train(
        server,
        network={"input_shape": [1, 28, 28], "layers": layers},
        loss={"type": "mse"},
        optimizer={"type": "sgd", "learning_rate": 100},
    )
    page.goto(f"/#train?job={job}")
    expect(page.locator(".failure")).to_be_visible()
    expect_no_violation_on_a_phone(page)


def test_axe_finds_nothing_wrong_with_a_probe_tags_and_notes(page: Page, server: Server) -> None:
    strokes = [[[67, 73], [140, 70], [207, 67], [185, 112], [151, 168], [123, 235]]]
    labels = {"tags": ["a", "b"], "notes": "worth remembering"}
    job = train(server, preset="mlp", probe={"strokes": strokes}, **labels)
    page.goto(f"/#train?job={job}")
    expect(page.locator("#watch .probe")).to_contain_text("The trained model")
    expect(page.locator("#watch .tag")).to_have_text(["a", "b"])
    expect_no_violation_on_a_phone(page)


def test_axe_finds_nothing_wrong_with_the_camera(page: Page, model: Model) -> None:
    page.context.grant_permissions(["camera"])
    open_with(page, model)
    page.get_by_role("button", name="Camera").click()
    expect(page.get_by_role("dialog", name="Hold a digit into the square")).to_be_visible()
    expect_no_violation_on_a_phone(page)


def test_axe_finds_nothing_wrong_with_keys_requests_and_emptiness(
    page: Page, start_server: StartServer, tolerated: list[str]
) -> None:
    tolerated.append("status of 401")
    key = "a-key-of-forty-characters-for-this-test!"
    page.goto(start_server(MNISTRY_API_KEYS=f"trainer:{key}").url)
    expect(page.get_by_role("dialog", name="This server asks for a key")).to_be_visible()
    expect_no_violation_on_a_phone(page)
    page.get_by_role("textbox", name="Key").fill(key)
    page.get_by_role("button", name="Use this key").click()
    page.get_by_role("link", name="Train", exact=True).click()
    expect(page.locator("#cost")).to_contain_text("parameters")
    page.get_by_role("button", name="Show the job as a request").click()
    expect(page.get_by_role("dialog", name="The same as a request")).to_be_visible()
    expect_no_violation_on_a_phone(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="Nothing to compare yet")).to_be_visible()
    expect_no_violation_on_a_phone(page)


def test_axe_finds_nothing_wrong_with_a_duel(page: Page, model: Model, server: Server) -> None:
    train(server, preset="linear")
    page.goto(f"/#compare?a={model['id']}&b=latest")
    expect(page.locator(".agreement")).to_be_visible()
    expect_no_violation_on_a_phone(page)


def test_axe_finds_nothing_wrong_with_an_upload(page: Page, model: Model) -> None:
    page.goto(f"/#inside?model={model['id']}")
    form = page.locator("#inside .panel", has_text="Data of your own")
    form.get_by_label("Name").fill("seen-by-axe")
    repeated = arrays() | {"x_test": arrays()["x_train"][:20]}
    form.get_by_label("File").set_input_files(
        {"name": "mine.npz", "mimeType": "application/zip", "buffer": npz(repeated)}
    )
    form.get_by_role("button", name="Upload", exact=True).click()
    expect(form.get_by_role("listitem").first).to_be_visible()
    expect_no_violation_on_a_phone(page)


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
