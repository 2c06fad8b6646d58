"""What holds for the whole page: keys, names, servers that come and go."""

import re

import httpx
from playwright.sync_api import Page, Request, expect

from tests.conftest import Server, StartServer, train_a_reader
from tests.e2e.test_keys import added, soon
from tests.page.gestures import (
    SEVEN,
    TRAINING_TIMEOUT,
    Model,
    draw,
    expect_a_reading,
    inked,
    open_with,
    train_briefly,
)


def test_everything_can_be_reached_and_a_job_started_by_keyboard(page: Page, model: Model) -> None:
    def reach(*controls: str) -> None:
        reached: list[str] = []
        while controls[-1] not in reached and len(reached) < 60:
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate("document.activeElement.textContent || document.activeElement.name")
            )
        assert [control for control in reached if control in controls] == list(controls)

    open_with(page, model)
    page.get_by_role("heading", name="Mnistry").click()
    reach("Draw", "Train", "Compare", "Look inside", "The API", "tool", "Undo", "Clear", "Upload")
    page.get_by_role("link", name="Train", exact=True).press("Enter")
    expect(page.locator("#jobs a").first).to_be_visible()
    reach("preset", "epochs", "learning_rate", "name", "Start training")

    page.get_by_label("Epochs", exact=True).focus()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.locator("#watch .status")).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)


def test_what_a_view_keeps_in_the_address_does_not_lead_back_to_it(
    page: Page, model: Model
) -> None:
    open_with(page, model)
    # A link sets the address at once; that it has changed is told to the page a little later.
    page.evaluate(
        """async (model) => {
            const { remember } = await import('/static/views.js');
            location.hash = '#train';
            remember('draw', { model });
        }""",
        model["id"],
    )

    expect(page.get_by_role("heading", name="Train", level=2)).to_be_visible()
    assert "#train" in page.url


def test_the_page_says_that_the_server_is_away_and_goes_on_when_it_is_back(
    page: Page, model: Model, tolerated: list[str]
) -> None:
    tolerated.append("ERR_INTERNET_DISCONNECTED")
    open_with(page, model)
    draw(page, SEVEN)
    expect_a_reading(page, "7")

    page.context.set_offline(True)
    draw(page, [(0.3, 0.5), (0.7, 0.5)])
    banner = page.locator("#banner")
    expect(banner).to_contain_text("does not answer")
    expect_a_reading(page, "7")

    page.context.set_offline(False)
    expect(banner).to_be_empty()


def test_on_an_empty_server_the_page_offers_to_train_and_then_reads(
    page: Page, start_server: StartServer
) -> None:
    train_briefly(page)
    page.goto(start_server().url)
    verdict = page.locator("#verdict h3")
    expect(verdict).to_have_text("I cannot read yet")
    page.get_by_role("button", name="Train me").click()
    expect(page.locator("#watch .status")).to_have_text(re.compile("queued|running"))
    page.get_by_role("link", name="Draw", exact=True).click()
    expect(verdict).to_have_text("The first model is being trained")
    expect(verdict).to_have_text("Draw a digit", timeout=TRAINING_TIMEOUT)
    draw(page, SEVEN)
    expect_a_reading(page, "7")


def test_a_drawing_and_a_job_outlast_a_server_that_is_killed(
    page: Page, start_server: StartServer, tolerated: list[str], unused_port: int
) -> None:
    tolerated.extend(["net::ERR_", "status of 503"])
    server = start_server("--port", str(unused_port))
    train_a_reader(server)
    train_briefly(page)
    page.goto(server.url)
    draw(page, SEVEN)
    expect_a_reading(page, "7")
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_label("Let it read my drawing while it learns").check()
    page.get_by_role("radio", name="mlp").check(force=True)
    page.get_by_label("Epochs", exact=True).fill("30")
    page.get_by_role("button", name="Start training").click()
    learning = re.compile(r"Epoch ([2-9]|\d\d) of 30")
    expect(page.locator("#watch .summary")).to_contain_text(learning, timeout=TRAINING_TIMEOUT)
    points = page.locator("#loss .validation circle")
    expect(points).not_to_have_count(0, timeout=TRAINING_TIMEOUT)

    server.part.kill()
    banner = page.locator("#banner")
    expect(banner).to_contain_text("does not answer")
    expect(points).not_to_have_count(0)
    expect(page.locator("#watch .probe")).to_be_visible()
    page.get_by_role("link", name="Draw", exact=True).click()
    expect_a_reading(page, "7")
    assert inked(page, SEVEN[0]) == [True]
    page.get_by_role("link", name="Train", exact=True).click()

    server.part.start()
    expect(banner).to_be_empty(timeout=30_000)
    expect(page.locator("#watch .status")).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)
    expect(points).to_have_count(30)
    expect(page.locator(".outcome")).to_contain_text("Test accuracy")
    expect(page.locator("#watch .probe")).to_contain_text("The trained model: 7")


FIRST_SIGHT = 100_000
"""Bytes over the wire until the page is at rest."""


def test_the_first_sight_is_small_and_comes_at_once(page: Page, model: Model) -> None:
    came: list[Request] = []

    def arrived(request: Request) -> None:
        came.append(request)

    page.on("requestfinished", arrived)
    page.goto("/", wait_until="networkidle")
    expect(page.locator("#verdict h3")).to_have_text("Draw a digit")
    sizes = [request.sizes() for request in came]
    wire = sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes)
    assert 0 < wire < FIRST_SIGHT
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert painted < 1000


def test_dark_and_light_are_chosen_and_remembered(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Dark colours").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Dark colours", pressed=True)).to_be_visible()
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate(ground) == light


def test_views_are_in_the_address_and_the_back_button_leads_back(page: Page) -> None:
    page.goto("/")
    views = {"Train": "train", "Compare": "compare", "Look inside": "inside", "Draw": "draw"}
    for name, view in views.items():
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator(f"#{view} h2")).to_be_visible()
        expect(page.locator("main > section:visible")).to_have_count(1)
        assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.locator("#inside h2")).to_be_visible()
    expect(page.get_by_role("link", name="Look inside")).to_have_attribute("aria-current", "page")
    page.goto("/#nowhere")
    expect(page.locator("#draw h2")).to_be_visible()


def test_one_stream_is_open_at_most_and_none_after_leaving(page: Page, server: Server) -> None:
    bodies = [{"preset": "lenet5", "epochs": 50, "name": name} for name in ("first", "second")]
    first, second = (httpx.post(f"{server.url}/v1/jobs", json=body).json() for body in bodies)
    open_streams: set[str] = set()
    page.on("request", lambda r: open_streams.add(r.url) if r.url.endswith("/events") else None)
    page.on("requestfailed", lambda r: open_streams.discard(r.url))
    page.on("requestfinished", lambda r: open_streams.discard(r.url))
    page.goto(f"/#train?job={first['id']}")
    expect(page.locator("#watch-title")).to_have_text("first")
    page.locator("#jobs").get_by_text("second").click()
    expect(page.locator("#watch-title")).to_have_text("second")
    assert open_streams == {f"{server.url}/v1/jobs/{second['id']}/events"}
    page.goto("about:blank")
    assert open_streams == set()
    for job in (first, second):
        httpx.post(f"{server.url}/v1/jobs/{job['id']}/cancel").raise_for_status()


def test_everything_can_be_drawn_and_kept_by_keyboard(page: Page, model: Model) -> None:
    open_with(page, model)
    page.get_by_role("radio", name="Pen").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("radio", name="Pixels")).to_be_checked()
    expect(page.get_by_role("grid")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    for _ in range(8):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#verdict .words")).not_to_be_empty()
    expect(page.locator("#reading-announcer")).not_to_be_empty()
    page.get_by_text("It is a …").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="It is a").get_by_role("button")).to_have_count(10)


def test_a_service_that_wants_a_key_from_now_on_is_given_it_once(
    page: Page, start_server: StartServer, tolerated: list[str]
) -> None:
    tolerated.append("status of 401")
    server = start_server("--trainers", "0", ready=False)
    page.goto(f"{server.url}/#train")
    expect(page.get_by_role("button", name="Start training")).to_be_visible()
    key = added("--role", "reader", "--data-dir", str(server.data_dir))["key"]
    soon(server.url, 401)

    page.get_by_role("link", name="Look inside").click()
    for given in ("not the key", key):
        page.get_by_role("textbox", name="Key").fill(given)
        page.get_by_role("button", name="Use this key").click()
    expect(page.locator("#inside")).to_contain_text("Page 1: no. 0 to 39")
    page.reload()
    expect(page.locator("#inside")).to_contain_text("Page 1: no. 0 to 39")
    expect(page.locator("#key")).to_be_hidden()
