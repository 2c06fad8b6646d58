"""What the page shows of its requests is what a person can run, with a key and without."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server, StartServer, train_a_reader
from tests.page.gestures import SEVEN, draw, expect_a_reading

KEY = "a-key-of-forty-characters-for-this-test!"


@pytest.fixture
def keyed(start_server: StartServer, page: Page, tolerated: list[str]) -> Server:
    """A server that wants a key, which the page has been given; a model is there."""
    tolerated.append("status of 401")
    server = start_server(MNISTRY_API_KEYS=f"trainer:{KEY}")
    train_a_reader(server, key=KEY)
    page.goto(server.url)
    page.get_by_role("textbox", name="Key").fill(KEY)
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator("#verdict h3")).to_have_text("Draw a digit")
    return server


def run_what_is_shown(page: Page, folder: Path, which: int = -1) -> list[str]:
    """Run the curl and the Python of the dialog in a folder; what each of them says."""
    dialog = page.get_by_role("dialog", name="The same as a request")
    curl = dialog.get_by_role("region", name="curl").nth(which).inner_text()
    python = dialog.get_by_role("region", name="Python").nth(which).inner_text()
    assert KEY not in curl + python
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    return [
        subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "MNISTRY_KEY": KEY},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for command in (["bash", "-c", curl], [sys.executable, "-c", python])
    ]


def test_what_is_drawn_and_kept_is_sent_by_curl_and_python(
    page: Page, keyed: Server, tmp_path: Path
) -> None:
    draw(page, SEVEN)
    expect_a_reading(page, "7")
    page.get_by_role("button", name="Show the reading as a request").click()
    curl, python = run_what_is_shown(page, tmp_path)
    assert json.loads(curl)["predictions"][0]["label"] == "7"
    assert "'label': '7'" in python

    page.get_by_text("It is a …").click()
    page.get_by_role("button", name="Show keeping it as a request").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="drawing.png").click()
    download.value.save_as(tmp_path / "drawing.png")
    curl, _ = run_what_is_shown(page, tmp_path, 0)
    assert json.loads(curl)["name"] == "my-digits"
    page.get_by_role("button", name="Show keeping it as a request").click()
    curl, python = run_what_is_shown(page, tmp_path)
    assert json.loads(curl)["index"] == 60_000
    assert "'index': 60001" in python


def test_a_job_is_started_and_followed_by_curl_and_python(
    page: Page, keyed: Server, tmp_path: Path
) -> None:
    page.get_by_role("link", name="Train", exact=True).click()
    page.get_by_role("radio", name="linear").check(force=True)
    page.get_by_label("Epochs", exact=True).fill("1")
    page.get_by_label("Name (optional)").fill('it\'s $HOME, "quoted" \\ `id`')
    page.get_by_role("button", name="Show the job as a request").click()
    curl, python = run_what_is_shown(page, tmp_path)
    assert json.loads(curl)["name"] == 'it\'s $HOME, "quoted" \\ `id`'
    assert "'status': 'queued'" in python

    expect(page.locator("#watch .status")).to_have_text("succeeded")
    page.get_by_role("button", name="Show what can be done with it as requests").click()
    for said in run_what_is_shown(page, tmp_path):
        assert "event: snapshot" in said
        assert "event: end" in said


def test_what_a_model_gives_is_asked_for_and_kept_by_curl_and_python(
    page: Page, keyed: Server, tmp_path: Path
) -> None:
    page.get_by_role("link", name="Look inside").click()
    page.get_by_role("button", name="Show this evaluation as a request").click()
    curl, python = run_what_is_shown(page, tmp_path)
    assert json.loads(curl)["samples"] == 10_000
    assert "'samples': 10000" in python

    for button, file, magic in [
        ("the export", "latest.safetensors", b"__metadata__"),
        ("the filters", "filters.png", b"PNG"),
    ]:
        page.get_by_role("button", name=f"Show {button} as a request").click()
        run_what_is_shown(page, tmp_path)
        assert magic in (tmp_path / file).read_bytes()[:100]
