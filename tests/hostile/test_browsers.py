"""A page of another site, in a real Chromium: it reads nothing here and changes nothing."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, Error, sync_playwright

from tests.conftest import Server, StartServer

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

REBOUND = ["--host-resolver-rules=MAP evil.test 127.0.0.1"]
"""As an attacker's own name server would have it, once the page is loaded."""

PAGE = "<!doctype html><title>Win a prize</title><body>"

JOB = json.dumps({"preset": "linear", "epochs": 1})

TRY_EVERYTHING = """
async ([service, job]) => {
  const form = new FormData();
  form.append('name', 'stolen');
  form.append('file', new Blob(['x']), 'x.npz');
  const json = { 'Content-Type': 'application/json' };
  const tries = {
    read: ['/v1/jobs'],
    readBlindly: ['/v1/jobs', { mode: 'no-cors' }],
    preflighted: ['/v1/jobs', { method: 'POST', headers: json, body: job }],
    disguised: ['/v1/jobs', { method: 'POST', mode: 'no-cors', body: job }],
    upload: ['/v1/datasets', { method: 'POST', mode: 'no-cors', body: form }],
    replaced: ['/v1/aliases/digits', { method: 'PUT', headers: json, body: '{}' }],
    deleted: ['/v1/jobs/job_none', { method: 'DELETE' }],
    withCookies: ['/v1/jobs', { credentials: 'include' }],
  };
  const seen = {};
  for (const [name, [path, options]] of Object.entries(tries)) {
    try {
      const response = await fetch(service + path, options);
      seen[name] = { status: response.status, text: await response.text() };
    } catch (error) {
      seen[name] = { status: 0, text: '' };
    }
  }
  for (const [name, path] of [['img', '/favicon.ico'], ['script', '/static/main.js']]) {
    const element = document.createElement(name);
    element.src = service + path;
    const loaded = new Promise((resolve) => {
      element.onload = () => resolve(200);
      element.onerror = () => resolve(0);
    });
    document.body.append(element);
    seen[name] = { status: await loaded, text: '' };
  }
  return seen;
}
"""


@pytest.fixture(scope="module")
def attackers() -> Iterator[str]:
    """Where the attacker's own site is; it is this machine that it is on, too."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode())

        def log_message(self, *_: object) -> None:
            pass

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://evil.test:{site.server_address[1]}/"
    site.shutdown()
    site.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    system = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=system, args=REBOUND)
        except Error as error:
            pytest.fail(f"No Chromium starts here: {error.message.splitlines()[0]}", pytrace=False)
        yield browser.new_context(bypass_csp=True)  # an attacker's page has no policy of ours
        browser.close()


@pytest.fixture
def target(start_server: StartServer) -> Server:
    """A service without keys, as on anybody's laptop."""
    return start_server("--trainers", "0", ready=False)


def assert_untouched(target: Server) -> None:
    with httpx.Client(base_url=target.url) as client:
        for path in ("/v1/jobs", "/v1/models", "/v1/aliases"):
            assert client.get(path).json()["data"] == []
        assert [one["name"] for one in client.get("/v1/datasets").json()["data"]] == ["mnist"]


def refusals(target: Server) -> list[int]:
    """What the service has refused, by its log."""
    log = target.data_dir.parent / f"{target.data_dir.name}.log"
    written: list[dict[str, Any]] = list(map(json.loads, Path(log).read_text().splitlines()))
    return [line["status"] for line in written if "request_id" in line]


def test_a_name_that_is_rebound_to_this_machine_is_not_answered(
    browser: BrowserContext, target: Server
) -> None:
    evil = f"http://evil.test:{urlsplit(target.url).port}"
    page = browser.new_page()

    answer = page.goto(evil)
    assert answer is not None
    assert answer.status == 421
    seen = page.evaluate(TRY_EVERYTHING, ["", JOB])

    elements = {name: seen.pop(name)["status"] for name in ("img", "script")}
    assert elements == {"img": 0, "script": 0}
    for name, tried in seen.items():
        assert tried["status"] == 421, name
        assert json.loads(tried["text"])["type"] == "/problems/misdirected"
    page.close()
    assert_untouched(target)


def test_a_page_of_another_site_reads_nothing_and_changes_nothing(
    browser: BrowserContext, target: Server, attackers: str
) -> None:
    page = browser.new_page()
    page.goto(attackers)

    seen = page.evaluate(TRY_EVERYTHING, [target.url, JOB])

    assert {answer["status"] for answer in seen.values()} == {0}
    assert {answer["text"] for answer in seen.values()} == {""}
    page.set_content(
        f'<form method="post" enctype="text/plain" action="{target.url}/v1/jobs">'
        f"<input name='{JOB[:-1]}, \"x\": \"' value='\"}}'><button>Win</button></form>"
    )
    with page.expect_response(f"{target.url}/v1/jobs") as answered:
        page.get_by_role("button").click()
    assert answered.value.status == 403
    page.close()
    # The browser held some of it back; what it sent is what the service refused.
    assert refusals(target).count(403) >= 3
    assert_untouched(target)
