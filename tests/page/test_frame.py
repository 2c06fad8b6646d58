"""What holds for the whole page: keys, names, servers that come and go."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.conftest import Server, StartServer
from tests.page.gestures import (
    SEVEN,
    TRAINING_TIMEOUT,
    Model,
    draw,
    expect_a_reading,
    open_with,
    train_briefly,
)


def test_a_name_is_shown_as_text_whatever_it_says(page: Page, server: Server) -> None:
    name = '<img src=x onerror="document.title=1">'
    body = {"preset": "mlp", "epochs": 1, "train_samples": 1000, "name": name}
    job = httpx.post(f"{server.url}/v1/jobs", json=body).json()
    page.goto(f"/#train?job={job['id']}")
    expect(page.locator("#watch-title")).to_have_text(name)
    expect(page.locator(f'#jobs a[href="#train?job={job["id"]}"] b')).to_have_text(name)
    expect(page.locator("#watch .status")).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)
    expect(page.locator("#model option:checked")).to_contain_text(name)
    assert page.locator("img[src=x]").count() == 0


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


def test_a_job_is_watched_on_through_a_restart_of_the_server(
    page: Page, start_server: StartServer, tolerated: list[str], unused_port: int
) -> None:
    tolerated.extend(["net::ERR_", "status of 503"])
    port = ("--port", str(unused_port))
    first = start_server(*port)
    train_briefly(page)
    page.goto(f"{first.url}/#train")
    page.get_by_label("Epochs", exact=True).fill("20")
    page.get_by_role("button", name="Start training").click()
    points = page.locator("#loss .validation circle")
    expect(points).not_to_have_count(0, timeout=TRAINING_TIMEOUT)

    first.stop()
    banner = page.locator("#banner")
    expect(banner).to_contain_text("does not answer")
    expect(points).not_to_have_count(0)

    start_server(*port)
    expect(banner).to_be_empty(timeout=30_000)
    expect(page.locator("#watch .status")).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)
    expect(points).to_have_count(20)
    expect(page.locator(".outcome")).to_contain_text("Test accuracy")
