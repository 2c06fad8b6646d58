"""A real Chromium, and a page that may neither complain, nor interrupt, nor break its policy, nor
phone out.
"""

import shutil
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    sync_playwright,
)

from tests.conftest import Server, StartServer, start_service, train_a_reader

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

FAKE_CAMERA = "--use-fake-device-for-media-stream"

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI}`));
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of the page's own: what a page shows depends on all that there is."""
    running = start_service(tmp_path_factory.mktemp("page") / "data")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def model(server: Server) -> dict[str, Any]:
    """A model on that server that reads digits well."""
    return train_a_reader(server)


# Not for the session: Playwright's event loop would be in the way of every later asyncio.run().
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium, else the one that Playwright has installed."""
    system = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=system, args=[FAKE_CAMERA])
        except Error as error:
            pytest.fail(f"No Chromium starts here: {error.message.splitlines()[0]}", pytrace=False)
        yield browser
        browser.close()


@pytest.fixture
def tolerated() -> list[str]:
    """Parts of console errors that a test provokes on purpose; a test adds its own."""
    return []


@pytest.fixture
def page(
    browser: Browser, server: Server, start_server: StartServer, tolerated: list[str]
) -> Iterator[Page]:
    """A new page, not yet opened, on a sharp screen that can be touched.

    It asks for `start_server` so as to be closed before the servers that it looks at end.
    """
    context = browser.new_context(base_url=server.url, device_scale_factor=2, has_touch=True)
    context.add_init_script(REPORT_VIOLATIONS)
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    strangers: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def look(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            strangers.append(request.url)

    def interrupted(dialog: Dialog) -> None:
        complaints.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    page.on("console", hear)
    page.on("dialog", interrupted)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", look)
    yield page
    context.close()
    assert [text for text in complaints if not any(part in text for part in tolerated)] == []
    assert strangers == []


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
