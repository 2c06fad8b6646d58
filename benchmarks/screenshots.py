"""What the page looks like, on a telephone, a tablet and a desk, by day and by night.

    make screenshots
    .venv/bin/python benchmarks/screenshots.py

Trains two small networks on a service of its own and pictures every view into docs/screenshots:
to be looked at whenever the page has changed.
"""

import io
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from page import CHROMIUMS, STROKES
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from servers import product, trained

OUT = Path(__file__).parent.parent / "docs" / "screenshots"
WIDTHS = {360: 780, 768: 1024, 1440: 900}
"""And how high the screen is."""

JOB = {"seed": 1, "probe": {"strokes": STROKES}}

COLOURS = 128
"""Of a picture: the page has fewer, but for what lies between two of them."""


def views(linear: Mapping[str, str], mlp: Mapping[str, str]) -> dict[str, str]:
    """The address of each, with something in it."""
    strokes = json.dumps(STROKES, separators=(",", ":"))
    a, b = linear["model_id"], mlp["model_id"]
    return {
        "draw": f"/#draw?model={mlp['model_id']}&strokes={strokes}",
        "train": f"/#train?job={mlp['id']}",
        "compare": f"/#compare?jobs={linear['id']},{mlp['id']}&a={a}&b={b}",
        "inside": f"/#inside?model={mlp['model_id']}",
    }


def picture(browser: Browser, url: str, address: str, width: int, scheme: str) -> bytes:
    """One view, from its top to its bottom."""
    size = {"width": width, "height": WIDTHS[width]}
    options = {"base_url": url, "viewport": size, "color_scheme": scheme}
    context = browser.new_context(**options, reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(address)
        page.wait_for_timeout(2000)  # until every curve is drawn
        high = page.evaluate("document.documentElement.scrollHeight")
        for top in (*range(0, high, WIDTHS[width]), 0):  # images are fetched where they are seen
            page.evaluate("top => scrollTo(0, top)", top)
            page.wait_for_timeout(300)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            raise RuntimeError(f"{address}: {wide} pixels wide on a screen of {width}")
        return page.screenshot(full_page=True)
    finally:
        context.close()


def main() -> int:
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    OUT.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        product(Path(folder) / "product") as client,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium)
        jobs = (
            trained(client, {**JOB, "preset": "linear", "epochs": 3, "train_samples": 10_000}),
            trained(client, {**JOB, "preset": "mlp", "epochs": 5}),
        )
        for name, address in views(*jobs).items():
            for width in WIDTHS:
                for scheme in ("light", "dark"):
                    png = picture(browser, str(client.base_url), address, width, scheme)
                    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS)
                    image.save(OUT / f"{name}-{width}-{scheme}.png", optimize=True)
        browser.close()
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
