"""What hands do on the page, and what eyes look for."""

import json
import re
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, Route, expect

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
    pad = page.locator("#pad canvas")
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


def tab_to(page: Page, control: Locator) -> None:
    """Go there as one does without a mouse."""
    for _ in range(150):
        page.keyboard.press("Tab")
        if control.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not lead to {control}")


def inked(page: Page, *places: tuple[float, float]) -> list[bool]:
    """Whether the pad is dark at each of these shares of its side, as a person sees it."""
    greys = np.asarray(Image.open(BytesIO(page.locator("#pad canvas").screenshot())).convert("L"))
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
    page.get_by_label("Epochs", exact=True).fill("1")
    page.get_by_label("Name (optional)").fill(name)
    page.get_by_role("button", name="Start training").click()


def train_briefly(page: Page) -> None:
    """Let the jobs that the page posts learn little, for tests of what is shown of them."""

    def shorten(route: Route) -> None:
        if route.request.method != "POST":
            route.fallback()
            return
        body = json.dumps({"train_samples": 3000, **(route.request.post_data_json or {})})
        route.fallback(post_data=body)

    page.route("**/v1/jobs", shorten)
