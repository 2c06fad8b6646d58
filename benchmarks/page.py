"""How soon the page is there, how soon it answers a hand, what it keeps: in a real Chromium.

    make bench-page [MINUTES=30]
    .venv/bin/python benchmarks/page.py [--minutes 1 --rounds 3]

Run it on a machine that does nothing else: the page, the service and the training that the page
watches share its cores. First a journey, as somebody makes it who has never seen the page: a 7 is
drawn and read by the first model, and a network is trained that reads it. Then the page is opened
for the first time, again and again; then it is used while a job streams into it; then it is left
alone with that job for the rest of the minutes.
"""

import argparse
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
from figures import judge
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright
from servers import post, product

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
SEVEN = [(0.24, 0.26), (0.5, 0.25), (0.74, 0.24), (0.66, 0.4), (0.54, 0.6), (0.44, 0.84)]
STROKES = [[[280 * x, 280 * y] for x, y in SEVEN]]
LONG_JOB = {"preset": "cnn", "epochs": 1000, "seed": 1, "probe": {"strokes": STROKES}}
KB, MB = 1000, 1_000_000
LOOKS = 120
"""How often the heap is measured, whatever the minutes."""

HEAR_INTERACTIONS = """
window.durations = new Map();
new PerformanceObserver((list) => {
  for (const { interactionId: id, duration } of list.getEntries()) {
    if (id) durations.set(id, Math.max(duration, durations.get(id) ?? 0));
  }
}).observe({ type: "event", durationThreshold: 16, buffered: true });
"""


@contextmanager
def opened(browser: Browser, url: str, **options: object) -> Iterator[Page]:
    """A page of a browser that has never been there."""
    context = browser.new_context(base_url=url, **options)
    try:
        yield context.new_page()
    finally:
        context.close()


def draw(page: Page, seconds: float) -> None:
    """A 7 with the mouse, as fast as a hand is."""
    pad = page.locator("#pad canvas").bounding_box()
    points = [(pad["x"] + x * pad["width"], pad["y"] + y * pad["height"]) for x, y in SEVEN]
    steps = 8
    page.mouse.move(*points[0])
    page.mouse.down()
    for (x, y), (to_x, to_y) in pairwise(points):
        for step in range(1, steps + 1):
            page.mouse.move(x + (to_x - x) * step / steps, y + (to_y - y) * step / steps)
            time.sleep(seconds / steps / (len(points) - 1))
    page.mouse.up()


def journey(browser: Browser, url: str) -> None:
    """Somebody draws a 7 and has it read, then trains a network that reads it."""
    with opened(browser, url) as page:
        began = time.perf_counter()
        page.goto("/")
        draw(page, seconds=1.5)
        expect(page.locator("#verdict h3")).to_contain_text("7")
        judge("draws a 7 and reads the answer", [time.perf_counter() - began], "≤ 10", " s")
        began = time.perf_counter()
        page.get_by_role("link", name="Train", exact=True).click()
        page.get_by_label("Let it read my drawing while it learns").check()
        page.get_by_role("button", name="Start training").click()
        probe = page.locator("#watch .probe")
        expect(probe).to_contain_text("The trained model: 7", timeout=120_000)
        judge("trains a network that reads it", [time.perf_counter() - began], "≤ 30", " s")


def first_sight(browser: Browser, url: str, rounds: int) -> None:
    """What has come over the wire, and when something was seen."""
    kilobytes, painted = [], []
    for _ in range(rounds):
        with opened(browser, url) as page:
            received: list[float] = []
            wire = page.context.new_cdp_session(page)
            wire.send("Network.enable")
            wire.on(
                "Network.loadingFinished",
                lambda event, received=received: received.append(event["encodedDataLength"]),
            )
            page.goto("/", wait_until="networkidle")
            kilobytes.append(sum(received) / KB)
            entry = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            painted.append(page.evaluate(entry))
    judge("bytes until the page is at rest", kilobytes, "≤ 100", " kB")
    judge("first contentful paint", painted, "≤ 1000", " ms")


def hands(page: Page) -> Sequence[Callable[[], object]]:
    """What is done on the page while a job streams into it: clicks, keys, strokes."""

    def view(name: str) -> None:
        page.get_by_role("link", name=name, exact=True).click()

    def preset(name: str) -> None:
        page.get_by_role("radio", name=name).click(force=True)

    def type_epochs() -> None:
        page.get_by_label("Epochs", exact=True).click()
        page.keyboard.type("12")
        page.keyboard.press("Backspace")

    return [
        lambda: page.get_by_label("Logarithmic").click(),
        lambda: preset("lenet5"),
        page.locator("#layers .layer-name").first.click,
        type_epochs,
        lambda: page.get_by_text("The whole recipe").click(),
        lambda: preset("mlp"),
        lambda: page.get_by_label("Along").press("ArrowDown"),
        lambda: view("Draw"),
        lambda: draw(page, seconds=0.4),
        lambda: page.get_by_role("button", name="Undo").click(),
        lambda: draw(page, seconds=0.4),
        lambda: page.get_by_role("button", name="Clear", exact=True).click(),
        lambda: view("Train"),
    ]


def answers_to_hands(page: Page, rounds: int) -> None:
    """From a click, a key or a stroke to the next picture, the 95th of a hundred."""
    waits = []
    for _ in range(rounds):
        page.evaluate("durations.clear()")
        before = page.evaluate("performance.interactionCount")
        for act in hands(page):
            act()
            time.sleep(0.2)
        all_ = page.evaluate("performance.interactionCount") - before
        slow = sorted(page.evaluate("[...durations.values()]"))
        # The browser names no interaction that took less than 16 ms.
        durations = [16.0] * (all_ - len(slow)) + slow
        waits.append(durations[round(0.95 * (len(durations) - 1))])
    judge("interaction to next paint, p95", waits, "≤ 100", " ms")


def heap(page: Page, minutes: float) -> None:
    """What the page keeps after rubbish was collected, and what it grows by."""
    inspector = page.context.new_cdp_session(page)
    began, times, sizes = time.monotonic(), [], []
    while time.monotonic() - began < 60 * minutes:
        inspector.send("HeapProfiler.collectGarbage")
        sizes.append(inspector.send("Runtime.getHeapUsage")["usedSize"] / MB)
        times.append((time.monotonic() - began) / 60)
        time.sleep(60 * minutes / LOOKS)
    slope = statistics.linear_regression(times, sizes).slope
    judge(f"heap over {minutes:g} minutes", sizes, "≤ 60", " MB")
    judge("what it grows by in an hour", [60 * slope], "≤ 1", " MB")


def beside_a_job(browser: Browser, client: httpx.Client, rounds: int, minutes: float) -> None:
    """All that is measured while a job streams."""
    job = post(client, "/v1/jobs", LONG_JOB)["id"]
    with opened(browser, str(client.base_url)) as page:
        page.add_init_script(HEAR_INTERACTIONS)
        page.goto(f"/#train?job={job}")
        expect(page.locator("#watch .summary")).to_contain_text("digits a second", timeout=60_000)
        answers_to_hands(page, rounds)
        heap(page, minutes)
        expect(page.locator("#watch .status")).to_have_text("running")
    post(client, f"/v1/jobs/{job}/cancel")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30, help="of the heap beside a job")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends, too
    system = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with (
        tempfile.TemporaryDirectory() as folder,
        product(Path(folder) / "product") as client,
        sync_playwright() as playwright,
    ):
        try:
            browser = playwright.chromium.launch(executable_path=system)
            url = str(client.base_url)
            journey(browser, url)
            first_sight(browser, url, options.rounds)
            beside_a_job(browser, client, options.rounds, options.minutes)
        except (Error, RuntimeError, httpx.HTTPError) as error:
            sys.exit(f"bench-page: {error}")


if __name__ == "__main__":
    main()
