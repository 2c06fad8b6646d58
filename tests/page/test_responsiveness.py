"""A page that is watched for hours stays quick and small; benchmarks/page.py has the figures."""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import CDPSession, Page, Route, expect

from tests.conftest import Server
from tests.page.gestures import Model

EVENTS = 20_000
"""What a job says in more than half an hour."""

GROWTH = 2_000_000
"""Bytes of the heap, where each event keeps nothing: a hundred bytes of each would be found."""

PATIENCE = 500
"""Milliseconds; a hand wants 100, but here the tests of others share the cores."""


def heap(inspector: CDPSession) -> int:
    inspector.send("HeapProfiler.collectGarbage")
    return int(inspector.send("Runtime.getHeapUsage")["usedSize"])


def test_what_a_job_says_is_not_kept(page: Page, model: Model, server: Server) -> None:
    """A job that says the same again and again: its first events are those of the service."""
    id_ = model["job_id"]
    job = httpx.get(f"{server.url}/v1/jobs/{id_}").json() | {"status": "running"}
    rounds = iter([EVENTS // 20, EVENTS])

    def speak(route: Route) -> None:
        events = [("snapshot", job), *[("progress", job["progress"])] * next(rounds), ("end", {})]
        route.fulfill(
            content_type="text/event-stream",
            body="".join(
                f"id: {i}\nevent: {event}\ndata: {json.dumps(data)}\n\n"
                for i, (event, data) in enumerate(events, 1)
            ),
        )

    page.route(f"**/v1/jobs/{id_}/events", speak)
    inspector = page.context.new_cdp_session(page)
    page.goto(f"/#train?job={id_}")
    expect(page.locator(".outcome")).to_be_visible()
    before = heap(inspector)
    page.goto("about:blank")
    page.goto(f"/#train?job={id_}")
    expect(page.locator(".outcome")).to_be_visible(timeout=60_000)
    assert heap(inspector) - before < GROWTH


@pytest.fixture
def endless_job(server: Server) -> Iterator[str]:
    """A job whose short epochs go on for as long as a test wants."""
    body = {"preset": "linear", "epochs": 10_000, "train_samples": 20_000}
    job = httpx.post(f"{server.url}/v1/jobs", json=body).json()
    yield str(job["id"])
    httpx.post(f"{server.url}/v1/jobs/{job['id']}/cancel", timeout=60).raise_for_status()


def test_a_hand_is_answered_at_once_while_a_job_streams(page: Page, endless_job: str) -> None:
    page.add_init_script(
        """window.durations = [];
        new PerformanceObserver((list) => {
          for (const one of list.getEntries()) if (one.interactionId) durations.push(one.duration);
        }).observe({ type: "event", durationThreshold: 16, buffered: true });"""
    )
    page.goto(f"/#train?job={endless_job}")
    expect(page.locator("#watch .summary")).to_contain_text("digits a second", timeout=60_000)
    for _ in range(3):
        page.get_by_role("radio", name="lenet5").click(force=True)
        page.get_by_label("Logarithmic").click()
        page.locator("#watch").get_by_text("The numbers").click()
        page.get_by_role("radio", name="mlp").click(force=True)
        page.get_by_label("Epochs", exact=True).fill("")
        page.keyboard.type("12")
    expect(page.locator("#watch .status")).to_have_text("running")
    waits = sorted(page.evaluate("durations"))
    assert not waits or waits[round(0.95 * (len(waits) - 1))] < PATIENCE
