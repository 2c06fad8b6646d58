"""Define, train, watch: what a person starts and sees grow."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.conftest import Server
from tests.page.gestures import SEVEN, TRAINING_TIMEOUT, draw, expect_a_reading, start_training


def test_a_network_is_trained_under_the_eyes_and_then_reads(page: Page) -> None:
    page.goto("/#train")
    start_training(page, "under the eyes")
    expect(page.locator("#watch-title")).to_have_text("under the eyes")

    status = page.locator("#watch .status")
    expect(status).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)
    expect(page.locator("#loss circle")).to_have_count(2)
    expect(page.locator("#accuracy circle")).to_have_count(2)
    chart = page.locator("#accuracy").get_by_role("img")
    expect(chart).to_have_attribute("aria-label", re.compile(r"After epoch 1 of 1: training \d"))
    expect(page.locator(".outcome")).to_contain_text(re.compile(r"Test accuracy 9\d\.\d%"))
    expect(page.locator("#model option:checked")).to_contain_text("under the eyes")

    page.get_by_text("The numbers").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)

    page.get_by_role("link", name="Draw", exact=True).click()
    draw(page, SEVEN)
    expect_a_reading(page, "7")

    page.go_back()
    page.reload()
    expect(page.locator("#watch-title")).to_have_text("under the eyes")
    expect(page.locator(".outcome")).to_contain_text("Test accuracy")
    expect(page.locator("#loss circle")).to_have_count(2)


def test_a_job_can_be_cancelled(page: Page) -> None:
    page.goto("/#train")
    page.get_by_role("radio", name="cnn").check(force=True)
    page.get_by_label("Epochs", exact=True).fill("50")
    page.get_by_role("button", name="Start training").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#watch .status")).to_have_text("cancelled")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()


def test_a_job_that_fails_says_why(page: Page, server: Server) -> None:
    layers = [{"type": "flatten"}, {"type": "dense", "output_dim": 10}]
    body = {
        "network": {"input_shape": [1, 28, 28], "layers": layers},
        "loss": {"type": "mse"},
        "optimizer": {"type": "sgd", "learning_rate": 100},
        "train_samples": 4000,
    }
    job = httpx.post(f"{server.url}/v1/jobs", json=body).json()
    page.goto(f"/#train?job={job['id']}")
    expect(page.locator("#watch .status")).to_have_text("failed", timeout=TRAINING_TIMEOUT)
    error = httpx.get(f"{server.url}/v1/jobs/{job['id']}").json()["error"]
    failure = page.locator(".failure")
    expect(failure).to_contain_text(error["title"])
    expect(failure).to_contain_text(error["detail"])


def test_a_wrong_value_is_explained_at_its_field(page: Page, tolerated: list[str]) -> None:
    tolerated.append("status of 422")
    page.goto("/#train")
    page.get_by_role("radio", name="mlp").check(force=True)
    epochs = page.get_by_label("Epochs", exact=True)
    epochs.fill("-3")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("#first .problem").first).to_contain_text("-3")
    expect(epochs).to_be_focused()
    expect(epochs).to_have_attribute("aria-invalid", "true")
