"""Draw, fill in, upload, photograph: what is read, and how it is shown."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from tests.conftest import Server, StartServer, train_a_reader
from tests.page.gestures import (
    SEVEN,
    TRAINING_TIMEOUT,
    Model,
    draw,
    expect_a_reading,
    inked,
    on_pad,
    open_with,
    picture_of_a_seven,
)


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

    page.get_by_role("button", name="Clear", exact=True).click()
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


def test_the_eraser_rubs_out_where_it_goes_and_can_be_undone(page: Page, model: Model) -> None:
    open_with(page, model)
    draw(page, [(0.2, 0.5), (0.8, 0.5)])
    page.get_by_role("radio", name="Eraser").check(force=True)
    draw(page, [(0.5, 0.3), (0.5, 0.7)])
    assert inked(page, (0.3, 0.5), (0.5, 0.5), (0.7, 0.5)) == [True, False, True]
    page.get_by_role("button", name="Undo").click()
    assert inked(page, (0.5, 0.5)) == [True]
    draw(page, [(0.1, 0.9), (0.2, 0.9)])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#bars .value").first).to_have_text("–")


def test_pixels_are_filled_in_by_keyboard_and_read_as_they_are(page: Page, model: Model) -> None:
    open_with(page, model)
    page.get_by_role("radio", name="Pen").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    grid = page.get_by_role("grid", name="28 by 28 pixels")
    expect(grid.get_by_role("gridcell")).to_have_count(28 * 28)
    expect(page.get_by_role("grid")).to_have_accessible_description(re.compile("Space inks"))

    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("gridcell", name="Row 15, column 15: empty")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    with page.expect_request("**/predict**") as first:
        page.keyboard.press("Space")
    (pixels,) = json.loads(first.value.post_data or "")["instances"]
    assert pixels[6 * 28 + 14] == 1
    assert sum(pixels) == 1 + 4 * 0.5
    for _ in range(16):
        page.keyboard.press("Shift+ArrowDown")
    expect_a_reading(page, "1")

    inked = page.get_by_role("gridcell", name=re.compile("full ink"))
    expect(inked).to_have_count(17)
    page.keyboard.press("Delete")
    expect(inked).to_have_count(16)
    page.keyboard.press("Control+z")
    expect(inked).to_have_count(17)
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator("#verdict h3")).to_have_text("Draw a digit")


def test_the_grid_begins_with_what_the_network_sees(page: Page, model: Model) -> None:
    open_with(page, model)
    draw(page, SEVEN)
    expect_a_reading(page, "7")
    page.wait_for_url("**strokes=**")  # it rests, so the whole of it has been read
    before = page.locator("#bars .value").all_inner_texts()
    page.get_by_role("radio", name="Pixels").check(force=True)
    expect(page.get_by_role("gridcell", name=re.compile("ink"))).not_to_have_count(0)
    expect_a_reading(page, "7")
    assert page.locator("#bars .value").all_inner_texts() == before
    page.get_by_role("radio", name="Pen").check(force=True)
    expect(page.get_by_role("grid")).to_be_hidden()
    assert inked(page, SEVEN[0]) == [True]


def test_what_mattered_is_laid_over_what_the_network_saw(page: Page, model: Model) -> None:
    open_with(page, model)
    draw(page, SEVEN)
    expect_a_reading(page, "7")
    expect(page.locator(".mattered")).to_be_hidden()
    page.get_by_label("Show which of them mattered").check()
    expect(page.locator(".mattered")).to_be_visible()
    expect(page.locator(".legend-mattered")).to_contain_text("“7”")
    mask = page.locator(".mattered").evaluate("node => getComputedStyle(node).maskImage")
    assert mask.startswith('url("data:image/png;base64,')


def test_what_is_hardly_a_digit_is_called_so(page: Page, model: Model) -> None:
    open_with(page, model)
    draw(page, [(0.1 + 0.1 * i, 0.15 if i % 2 else 0.85) for i in range(9)])
    expect(page.locator("#verdict h3")).to_have_text("This does not look like a digit")


def test_a_picture_is_taken_with_the_camera(page: Page, model: Model) -> None:
    page.context.grant_permissions(["camera"])
    open_with(page, model)
    page.get_by_role("button", name="Camera").click()
    dialog = page.get_by_role("dialog", name="Hold a digit into the square")
    expect(dialog).to_be_visible()
    with page.expect_request("**/predict**") as asked:
        dialog.get_by_role("button", name="Take the picture").click()
    assert asked.value.headers["content-type"].startswith("multipart/form-data")
    expect(dialog).to_be_hidden()
    expect(page.locator("#pad img")).to_be_visible()


def test_a_camera_that_is_refused_is_explained(page: Page, model: Model) -> None:
    open_with(page, model)
    page.get_by_role("button", name="Camera").click()
    expect(page.locator("#reading-problem")).to_contain_text("not allowed")


def test_a_device_without_a_camera_says_so(page: Page, model: Model) -> None:
    page.add_init_script("delete Navigator.prototype.mediaDevices")
    open_with(page, model)
    page.get_by_role("button", name="Camera").click()
    expect(page.locator("#reading-problem")).to_contain_text("https")


def test_a_drawing_is_kept_with_its_true_label_and_trained_with(
    page: Page, model: Model, server: Server
) -> None:
    open_with(page, model)
    expect(page.get_by_text("It is a …")).to_be_hidden()
    draw(page, SEVEN)
    for label in ("1", "7"):
        page.get_by_text("It is a …").click()
        page.get_by_role("group", name="It is a").get_by_role("button", name=label).click()
        expect(page.locator(".kept")).to_contain_text(f"Kept as {label} in “my-digits”")
    kept = httpx.get(f"{server.url}/v1/datasets/my-digits").json()
    assert kept["train_samples"] == 60_002
    newest = f"{server.url}/v1/datasets/my-digits/samples/60001?split=train"
    assert httpx.get(newest).headers["X-Label"] == "7"

    train = page.get_by_role("button", name="Train with it")
    expect(train).to_be_focused()
    with page.expect_response("**/v1/jobs") as posted:
        train.click()
    config = posted.value.json()["config"]
    assert (config["init_from"], config["dataset"]) == (model["id"], "my-digits")
    expect(page.locator("#watch-title")).to_have_text("With my digits")
    expect(page.locator("#watch .probe")).to_be_visible()
    expect(page.locator("#watch .status")).to_have_text("succeeded", timeout=TRAINING_TIMEOUT)


def test_who_may_only_read_is_told_that_no_drawing_is_kept(
    page: Page, start_server: StartServer, tolerated: list[str]
) -> None:
    tolerated.extend(["status of 401", "status of 403"])
    reader, trainer = (
        "a-reader-s-key-of-forty-characters-here!",
        "a-trainer-s-key-of-forty-characters-too!",
    )
    server = start_server(MNISTRY_API_KEYS=f"reader:{reader},trainer:{trainer}")
    train_a_reader(server, key=trainer)
    page.goto(server.url)
    page.get_by_role("textbox", name="Key").fill(reader)
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator("#verdict h3")).to_have_text("Draw a digit")
    draw(page, SEVEN)
    page.get_by_text("It is a …").click()
    page.get_by_role("group", name="It is a").get_by_role("button", name="7").click()
    expect(page.locator(".correction .problem")).to_contain_text("trainer")


def test_the_model_that_reads_is_in_the_address(page: Page, model: Model) -> None:
    open_with(page, model)
    page.wait_for_url(f"**#draw?model={model['id']}")
    page.reload()
    expect(page.get_by_label("Read by")).to_have_value(model["id"])


def test_the_reading_is_shown_as_a_request(page: Page, model: Model) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_with(page, model)
    draw(page, [(0.5, 0.2), (0.5, 0.8)])
    page.get_by_role("button", name="Show the reading as a request").click()
    dialog = page.get_by_role("dialog", name="The same as a request")
    dialog.get_by_role("button", name="Copy as Python").click()
    expect(dialog.get_by_text("Copied")).to_be_visible()
    python = page.evaluate("navigator.clipboard.readText()")
    answer: dict[str, Any] = {}
    told = python.replace("print(answer.json())", "told.update(answer.json())")
    exec(told, {"told": answer})  # noqa: S102 - it is what a person would run
    assert answer["model_id"] == model["id"]
    assert answer["predictions"][0]["label"] == "1"

    curl = dialog.get_by_role("region", name="curl").inner_text()
    ran = subprocess.run(["bash", "-c", f"{curl} -s"], capture_output=True, check=True)  # noqa: S607
    assert json.loads(ran.stdout)["predictions"] == answer["predictions"]
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_drawing_is_in_the_address(page: Page, model: Model) -> None:
    open_with(page, model)
    draw(page, SEVEN)
    page.wait_for_url("**strokes=**")
    page.reload()
    expect_a_reading(page, "7")
    assert inked(page, SEVEN[0]) == [True]
    page.get_by_role("button", name="Clear", exact=True).click()
    page.wait_for_url(lambda url: "strokes" not in url)
    page.goto("/#draw?strokes=[[[1,%22x%22]]]")
    expect(page.locator("#verdict h3")).to_have_text("Draw a digit")


def test_an_alias_reads_as_a_model_does(page: Page, model: Model, server: Server) -> None:
    alias = f"{server.url}/v1/aliases/favourite"
    httpx.put(alias, json={"model_id": model["id"]}).raise_for_status()
    page.goto("/#draw?model=favourite")
    expect(page.get_by_label("Read by")).to_have_value("favourite")
    with page.expect_request("**/v1/models/favourite/predict**"):
        draw(page, SEVEN)
    expect_a_reading(page, "7")
    expect(page.get_by_text("It is a …")).to_be_visible()
