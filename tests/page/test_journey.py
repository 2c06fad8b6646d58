"""What a person does on the page: draw, upload, train, come back."""

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Request, expect

from tests.conftest import Server, StartServer

Model = dict[str, Any]
Stroke = list[tuple[float, float]]

SEVEN: Stroke = [(0.24, 0.26), (0.5, 0.25), (0.74, 0.24), (0.66, 0.4), (0.54, 0.6), (0.44, 0.84)]

TRAINING_TIMEOUT = 90_000


def open_with(page: Page, model: Model) -> None:
    """Open the page and let this model read."""
    page.goto("/")
    page.get_by_label("Read by").select_option(model["id"])


def on_pad(page: Page, stroke: Stroke) -> Stroke:
    """The points of the viewport where the pad has these shares of its side."""
    pad = page.locator("canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]


def draw(page: Page, stroke: Stroke) -> None:
    """One stroke with the mouse."""
    first, *others = on_pad(page, stroke)
    page.mouse.move(*first)
    page.mouse.down()
    for point in others:
        page.mouse.move(*point, steps=5)
    page.mouse.up()


def inked(page: Page, *places: tuple[float, float]) -> list[bool]:
    """Whether the pad is dark at each of these shares of its side, as a person sees it."""
    greys = np.asarray(Image.open(BytesIO(page.locator("canvas").screenshot())).convert("L"))
    height, width = greys.shape
    return [bool(greys[int(y * height), int(x * width)] < 80) for x, y in places]


def picture_of_a_seven() -> bytes:
    """A PNG, dark on light."""
    image = Image.new("L", (200, 200), 255)
    points = [(x * 200, y * 200) for x, y in SEVEN]
    ImageDraw.Draw(image).line(points, fill=0, width=20, joint="curve")
    png = BytesIO()
    image.save(png, "PNG")
    return png.getvalue()


def expect_a_reading(page: Page, digit: str) -> None:
    """The verdict names the digit, ten bars have numbers, and the pixels are those of MNIST."""
    expect(page.locator("#verdict h3")).to_contain_text(digit)
    expect(page.locator(".numeral")).to_have_text(digit)
    values = page.locator("#bars .value")
    expect(values).to_have_text([re.compile(r"^[<>]?\d+\.\d%$")] * 10)
    total = sum(float(text.strip("<>%")) for text in values.all_inner_texts())
    assert 99 < total < 101.1
    seen = page.locator("img.preprocessed")
    expect(seen).to_be_visible()
    assert seen.evaluate(
        """async (image) => {
          await image.decode();
          return [image.naturalWidth, image.naturalHeight, getComputedStyle(image).imageRendering];
        }"""
    ) == [28, 28, "pixelated"]


def start_training(page: Page, name: str) -> None:
    page.get_by_role("radio", name="mlp").check(force=True)
    page.get_by_label("Epochs").fill("1")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Start training").click()


def test_a_drawn_digit_is_read_while_it_is_drawn(page: Page, model: Model) -> None:
    open_with(page, model)
    draw(page, SEVEN)
    expect_a_reading(page, "7")


def test_one_question_at_most_is_in_flight_while_drawing(page: Page, model: Model) -> None:
    flying: set[Request] = set()
    most = asked = 0

    def depart(request: Request) -> None:
        nonlocal most, asked
        if "/predict" in request.url:
            flying.add(request)
            asked += 1
            most = max(most, len(flying))

    def land(request: Request) -> None:
        flying.discard(request)

    page.on("request", depart)
    page.on("requestfinished", land)
    page.on("requestfailed", land)
    open_with(page, model)
    for _ in range(4):
        draw(page, SEVEN)
    expect_a_reading(page, "7")
    assert most == 1
    assert asked > 1


def test_undo_and_clear_take_strokes_away_and_clear_can_be_undone(page: Page, model: Model) -> None:
    open_with(page, model)
    draw(page, [(0.2, 0.2), (0.2, 0.8)])
    draw(page, [(0.8, 0.2), (0.8, 0.8)])
    page.get_by_role("button", name="Undo").click()
    assert inked(page, (0.2, 0.5), (0.8, 0.5)) == [True, False]

    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#verdict h3")).to_have_text("Draw a digit")
    expect(page.locator("#bars .value")).to_have_text(["–"] * 10)
    page.keyboard.press("Control+z")
    expect(page.locator("#bars .value").first).not_to_have_text("–")
    assert inked(page, (0.2, 0.5)) == [True]


def test_a_finger_draws_where_it_is_and_the_page_stays(page: Page, model: Model) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    open_with(page, model)
    first, *others = on_pad(page, SEVEN)
    before = page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    send("touchStart", first)
    for point in others:
        send("touchMove", point)
    send("touchEnd")

    expect_a_reading(page, "7")
    assert page.evaluate("scrollY") == before
    beside = (0.24, 0.84)
    assert inked(page, SEVEN[0], SEVEN[-1], beside) == [True, True, False]


def test_a_chosen_picture_is_read(page: Page, model: Model) -> None:
    open_with(page, model)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload").click()
    picture = picture_of_a_seven()
    chooser.value.set_files({"name": "seven.png", "mimeType": "image/png", "buffer": picture})
    expect_a_reading(page, "7")
    expect(page.locator(".warnings")).to_contain_text("light on dark")


@pytest.mark.parametrize("how", ["dropped", "pasted"])
def test_a_picture_is_read_that_was(page: Page, model: Model, how: str) -> None:
    open_with(page, model)
    page.evaluate(
        """([how, bytes]) => {
          const carried = new DataTransfer();
          const file = new File([new Uint8Array(bytes)], "seven.png", { type: "image/png" });
          carried.items.add(file);
          const options = { bubbles: true, cancelable: true };
          document.body.dispatchEvent(
            how === "dropped"
              ? new DragEvent("drop", { ...options, dataTransfer: carried })
              : new ClipboardEvent("paste", { ...options, clipboardData: carried }),
          );
        }""",
        [how, list(picture_of_a_seven())],
    )
    expect_a_reading(page, "7")


def test_several_pictures_are_read_together(page: Page, model: Model, tmp_path: Path) -> None:
    names = ["one.png", "two.png", "three.png"]
    for name in names:
        (tmp_path / name).write_bytes(picture_of_a_seven())
    open_with(page, model)
    page.set_input_files("#files", [tmp_path / name for name in names])
    frames = page.get_by_role("group", name="The pictures").get_by_role("button")
    expect(frames).to_contain_text(names)
    frames.nth(2).click()
    expect(frames.nth(2)).to_have_attribute("aria-pressed", "true")
    expect_a_reading(page, "7")


def test_a_file_that_is_no_picture_is_refused_in_words(
    page: Page, model: Model, tolerated: list[str]
) -> None:
    tolerated.append("status of 422")
    open_with(page, model)
    page.set_input_files(
        "#files", {"name": "poem.png", "mimeType": "image/png", "buffer": b"Tyger Tyger"}
    )
    expect(page.locator("#reading-problem")).to_contain_text("poem.png")


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
    page.get_by_label("Epochs").fill("50")
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
    epochs = page.get_by_label("Epochs")
    epochs.fill("-3")
    page.get_by_role("button", name="Start training").click()
    expect(page.locator("#epochs-problem")).to_contain_text("-3")
    expect(epochs).to_be_focused()
    expect(epochs).to_have_attribute("aria-invalid", "true")


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
    reach("Draw", "Train", "Compare", "Look inside", "The API", "Undo", "Clear", "Upload")
    page.get_by_role("link", name="Train", exact=True).press("Enter")
    expect(page.locator("#jobs a").first).to_be_visible()
    reach("preset", "epochs", "learning_rate", "name", "Start training")

    page.get_by_label("Epochs").focus()
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
    page.goto(f"{first.url}/#train")
    page.get_by_label("Epochs").fill("6")
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
    expect(points).to_have_count(6)
    expect(page.locator(".outcome")).to_contain_text("Test accuracy")
