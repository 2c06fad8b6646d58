"""Define, train, watch: what a person starts and sees grow."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.conftest import Server
from tests.page.gestures import (
    SEVEN,
    TRAINING_TIMEOUT,
    Model,
    draw,
    expect_a_reading,
    open_with,
    start_training,
    train_briefly,
)


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
    suggested = error["suggestion"]["optimizer"]["learning_rate"]
    expect(failure).to_contain_text(f"learning rate {suggested:g} in place of 100")
    with page.expect_response("**/v1/jobs") as posted:
        failure.get_by_role("button", name="Try that").click()
    again = posted.value.json()
    assert again["config"]["optimizer"]["learning_rate"] == suggested
    expect(page.locator(".failure")).to_be_hidden()
    assert page.url.endswith(f"#train?job={again['id']}")


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


def test_a_preset_is_changed_layer_by_layer_and_trained(page: Page, server: Server) -> None:
    train_briefly(page)
    page.goto("/#train")
    page.get_by_role("radio", name="linear").check(force=True)
    layers = page.locator("#layers > div > ol > li")
    expect(layers).to_have_count(3)
    expect(layers.nth(1)).to_contain_text("7,850")

    page.get_by_role("button", name="flatten").click()
    page.get_by_label("Type of the new layer").select_option("dense")
    page.get_by_role("button", name="Add layer").click()
    expect(page.get_by_role("button", name="dense 64")).to_be_focused()
    page.get_by_label("Output dim").fill("32")
    expect(layers.nth(1)).to_contain_text("25,120")
    expect(page.locator("#cost")).to_contain_text("25,450 parameters")

    page.get_by_role("button", name="Move down").last.click()
    expect(page.get_by_role("button", name="dense 32")).to_be_focused()
    expect(layers.nth(2)).to_contain_text("dense 32")
    expect(page.locator("#layers")).to_contain_text("352")
    page.get_by_role("button", name="Move up").last.click()
    expect(layers.nth(1)).to_contain_text("dense 32")

    page.get_by_label("Epochs", exact=True).fill("1")
    with page.expect_response("**/v1/jobs") as posted:
        page.get_by_role("button", name="Start training").click()
    job = posted.value.json()
    assert [layer["type"] for layer in job["network"]["layers"]] == [
        "flatten",
        "dense",
        "dense",
        "softmax",
    ]
    assert job["config"]["optimizer"]["type"] == "adamw"
    expect(page.locator("#watch .status")).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)


def test_what_is_wrong_with_a_layer_is_said_there(page: Page, tolerated: list[str]) -> None:
    tolerated.append("status of 422")
    page.goto("/#train")
    page.get_by_role("radio", name="lenet5").check(force=True)
    page.get_by_role("button", name="conv 16").click()
    size = page.get_by_label("Kernel size")
    size.fill("0")
    expect(size).to_have_attribute("aria-invalid", "true")
    expect(size).to_have_accessible_description(re.compile("greater than or equal to 1, got 0"))
    size.fill("64")
    wrong = page.locator("#layers li.wrong")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("64")
    page.get_by_role("button", name="Undo my changes").click()
    expect(wrong).to_have_count(0)
    expect(page.locator("#cost")).to_contain_text("parameters")


def test_a_residual_block_is_edited_inside(page: Page, tolerated: list[str]) -> None:
    tolerated.append("status of 422")
    page.goto("/#train")
    page.get_by_role("radio", name="resnet").check(force=True)
    page.get_by_role("button", name="residual").first.click()
    inner = page.locator("#layers li li")
    expect(inner).to_have_count(5)
    inner.first.get_by_role("button").click()
    inner.first.get_by_label("Output channels").fill("-1")
    expect(inner.first).to_contain_text("got -1")


def test_the_whole_recipe_is_sent_as_it_was_chosen(page: Page, tolerated: list[str]) -> None:
    tolerated.append("status of 422")
    page.goto("/#train")
    page.get_by_role("radio", name="linear").check(force=True)
    page.get_by_text("The whole recipe").click()
    page.get_by_label("Optimizer").select_option("sgd")
    page.get_by_label("Momentum").fill("0.9")
    page.get_by_label("Nesterov").check()
    page.get_by_label("Schedule").select_option("one_cycle")
    page.get_by_label("Rise").fill("0.2")
    page.get_by_label("Label smoothing").fill("0.1")
    page.get_by_label("Rotate").fill("10")
    page.get_by_label("Early stopping after").fill("2")
    page.get_by_label("Seed").fill("42")
    page.get_by_label("Train samples").fill("2000")
    page.get_by_label("Batch size").fill("0")
    page.get_by_label("Learning rate").fill("0.05")
    page.get_by_label("Epochs", exact=True).fill("1")
    page.get_by_text("The whole recipe").click()

    page.get_by_role("button", name="Start training").click()
    batch = page.get_by_label("Batch size")
    expect(batch).to_be_focused()
    expect(batch).to_have_accessible_description(re.compile("got 0"))
    batch.fill("64")
    with page.expect_response("**/v1/jobs") as posted:
        page.get_by_role("button", name="Start training").click()
    config = posted.value.json()["config"]
    assert (
        config["optimizer"] | {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}
        == (config["optimizer"])
    )
    assert config["schedule"] == {"type": "one_cycle", "rise": 0.2, "warmup_epochs": 0.0}
    assert config["loss"] == {"type": "cross_entropy", "label_smoothing": 0.1}
    assert config["augmentation"]["rotate"] == 10
    assert config["early_stopping"] == {"patience": 2}
    assert (config["seed"], config["train_samples"], config["batch_size"]) == (42, 2000, 64)


def test_a_job_begins_with_a_model_and_ends_under_an_alias(page: Page, model: Model) -> None:
    page.goto("/#train")
    page.get_by_role("radio", name="linear").check(force=True)
    page.get_by_text("The whole recipe").click()
    page.get_by_label("Begin with").select_option(model["id"])
    page.get_by_label("Moving average").fill("0.5")
    page.get_by_label("Seconds at most").fill("60")
    page.get_by_label("Alias").fill("from-the-page")
    page.get_by_label("Tags").fill("second try, \u05e9\u05d1\u05e2")
    page.get_by_label("Notes").fill("It goes on\nwhere the first one ended.")
    page.get_by_label("Train samples").fill("1000")
    page.get_by_label("Epochs", exact=True).fill("1")
    with page.expect_response("**/v1/jobs") as posted:
        page.get_by_role("button", name="Start training").click()
    job = posted.value.json()
    config = job["config"]
    assert (config["init_from"], config["alias"]) == (model["id"], "from-the-page")
    assert (config["ema"], config["max_seconds"]) == (0.5, 60)
    assert job["tags"] == ["second try", "\u05e9\u05d1\u05e2"]
    assert job["notes"] == "It goes on\nwhere the first one ended."
    labels = page.locator("#watch .job-labels")
    expect(labels.locator(".tag")).to_have_text(job["tags"])
    expect(labels).to_contain_text("where the first one ended.")
    expect(page.locator("#watch .status")).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)
    expect(page.get_by_label("Begin with").locator("option")).to_contain_text(
        ["random weights", "from-the-page"]
    )


def test_a_job_is_paused_and_resumed(page: Page) -> None:
    page.goto("/#train")
    page.get_by_role("radio", name="lenet5").check(force=True)
    page.get_by_label("Epochs", exact=True).fill("30")
    page.get_by_role("button", name="Start training").click()
    status = page.locator("#watch .status")
    summary = page.locator("#watch .summary")
    learning = re.compile("of 30 .*digits a second.*learning rate")
    expect(summary).to_contain_text(learning, timeout=30_000)
    page.get_by_role("button", name="Pause").click()
    expect(status).to_have_text("paused", timeout=30_000)
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    expect(summary).to_contain_text("Paused in epoch 1 of 30")
    page.get_by_role("button", name="Resume").click()
    expect(status).to_have_text("running", timeout=30_000)
    page.get_by_role("button", name="Cancel").click()
    expect(status).to_have_text("cancelled", timeout=30_000)


def test_a_job_that_waits_is_paused_while_another_runs(page: Page) -> None:
    """What is seen and what the buttons act on is the job that was started last."""
    page.goto("/#train")
    page.get_by_role("radio", name="lenet5").check(force=True)
    page.get_by_label("Epochs", exact=True).fill("31")
    page.get_by_role("button", name="Start training").click()
    watch = page.locator("#watch")
    summary = watch.locator(".summary")
    learning = re.compile("of 31 .*digits a second")
    expect(summary).to_contain_text(learning, timeout=30_000)
    running = page.url

    page.get_by_role("radio", name="mlp").check(force=True)
    page.get_by_role("button", name="Start training").click()
    expect(summary).to_have_text("Next in the queue")
    page.get_by_role("button", name="Pause").click()
    expect(summary).to_have_text("Paused before it began")
    page.get_by_role("button", name="Cancel").click()
    expect(watch.locator(".status")).to_have_text("cancelled")

    page.goto(running)
    expect(summary).to_contain_text(learning, timeout=30_000)
    page.get_by_role("button", name="Cancel").click()
    expect(watch.locator(".status")).to_have_text("cancelled", timeout=30_000)


def test_a_drawing_is_read_while_the_network_learns(page: Page, model: Model) -> None:
    train_briefly(page)
    open_with(page, model)
    page.get_by_role("link", name="Train", exact=True).click()
    probe = page.get_by_role("checkbox", name="Draw a digit first")
    expect(probe).to_be_disabled()
    page.get_by_role("link", name="Draw", exact=True).click()
    draw(page, SEVEN)
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_label("Let it read my drawing while it learns").check()
    page.get_by_role("radio", name="mlp").check(force=True)
    page.get_by_label("Epochs", exact=True).fill("15")
    page.get_by_role("button", name="Start training").click()

    panel = page.locator("#watch .probe")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text(re.compile(r"Step \d+, epoch \d+"), timeout=TRAINING_TIMEOUT)
    expect(panel.locator(".value").nth(7)).to_have_text(re.compile(r"%$"))
    expect(panel).to_contain_text("The trained model: 7", timeout=TRAINING_TIMEOUT)
    page.reload()
    expect(panel).to_contain_text("The trained model: 7", timeout=30_000)


def test_curves_are_shown_by_step_and_time_and_on_a_logarithmic_scale(
    page: Page, model: Model
) -> None:
    page.goto(f"/#train?job={model['job_id']}")
    chart = page.locator("#loss").get_by_role("img")
    expect(chart).to_contain_text("epoch")
    page.get_by_label("Along").select_option("step")
    expect(chart).to_contain_text("400")
    page.get_by_label("Along").select_option("time")
    expect(chart).to_contain_text(" s")
    expect(chart.locator("text").first).to_have_text("0")
    page.get_by_label("Logarithmic").check()
    expect(chart.locator("text").first).not_to_have_text("0")
