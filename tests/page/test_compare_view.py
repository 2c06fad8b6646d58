"""Compare: jobs and sweeps in a table, their curves, two models on the same digits."""

import re
from collections.abc import Iterator
from typing import Any, Literal

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Server, StartServer, wait_until_ended
from tests.page.gestures import tab_to
from tests.page.test_accessibility import expect_no_violation

Model = dict[str, Any]
Job = dict[str, Any]

TRAP = '<img src=x onerror="document.title=1">'
RATES = [0.0001, 0.01]


@pytest.fixture(scope="module")
def sweep(server: Server) -> Iterator[dict[str, Any]]:
    """A sweep over two learning rates, all of whose trials have the same name and tag."""
    base = {
        "preset": "mlp",
        "epochs": 2,
        "train_samples": 1000,
        "name": TRAP,
        "tags": ["مقارنة", "<b>bold</b>"],
    }
    body = {"base": base, "grid": {"optimizer.learning_rate": RATES}, "metric": "val_accuracy"}
    with httpx.Client(base_url=server.url, timeout=70) as client:
        made = client.post("/v1/sweeps", json=body).json()
        for trial in made["trials"]:
            wait_until_ended(client, trial["job_id"])
        found: dict[str, Any] = client.get(f"/v1/sweeps/{made['id']}").json()
        yield found


@pytest.fixture
def trials(server: Server, sweep: dict[str, Any]) -> list[Job]:
    """The jobs of the sweep, the best first."""
    ids = [trial["job_id"] for trial in sweep["trials"]]
    return [httpx.get(f"{server.url}/v1/jobs/{id_}").json() for id_ in ids]


def rows(page: Page) -> Locator:
    return page.locator(".jobs-table tbody tr")


def headings(page: Page) -> list[str]:
    return page.locator(".jobs-table thead th").all_inner_texts()


def open_sweep(page: Page, sweep: dict[str, Any], more: str = "") -> None:
    page.goto(f"/#compare?sweep={sweep['id']}{more}")
    expect(rows(page)).to_have_count(2)


def test_a_sweep_is_summed_up_and_only_what_differs_is_shown(
    page: Page, sweep: dict[str, Any]
) -> None:
    open_sweep(page, sweep)
    expect(page.locator(".sweep")).to_contain_text("2 of 2 trials have ended: succeeded.")
    expect(page.locator(".sweep")).to_contain_text(f"learning rate {RATES[1]}")
    assert "optimizer · learning rate" in headings(page)
    assert "batch size" not in headings(page)
    page.get_by_label("Only what differs").uncheck()
    expect(page.locator(".jobs-table thead")).to_contain_text("batch size")
    assert "all=1" in page.url


def test_jobs_are_sorted_by_any_column(
    page: Page, sweep: dict[str, Any], trials: list[Job]
) -> None:
    open_sweep(page, sweep)
    heading = page.get_by_role("columnheader", name="optimizer · learning rate")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(heading.get_by_role("button")).to_be_focused()
    cells = [row.inner_text() for row in rows(page).all()]
    assert [str(RATES[1]) in cells[0], str(RATES[0]) in cells[1]] == [True, True]
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    expect(rows(page).first).to_contain_text(str(RATES[0]))
    page.reload()
    expect(rows(page).first).to_contain_text(str(RATES[0]))


def test_jobs_are_filtered_by_status_tag_and_name(page: Page, sweep: dict[str, Any]) -> None:
    page.goto("/#compare")
    page.get_by_label("Tag").fill("مقارنة")
    expect(rows(page)).to_have_count(2)
    page.locator("#compare").get_by_label("Name").fill("ONERROR")
    expect(rows(page)).to_have_count(2)
    page.locator("#compare").get_by_label("Name").fill("nobody is called so")
    expect(page.locator("#compare")).to_contain_text("No job is like that.")
    page.locator("#compare").get_by_label("Name").fill("")
    page.get_by_label("Status").select_option("failed")
    expect(page.locator("#compare")).to_contain_text("No job is like that.")
    page.get_by_label("Status").select_option("succeeded")
    expect(rows(page)).to_have_count(2)
    assert "status=succeeded" in page.url


def test_curves_lie_over_each_other_and_are_named_by_what_differs(
    page: Page, sweep: dict[str, Any], trials: list[Job]
) -> None:
    open_sweep(page, sweep)
    expect(page.get_by_text("Choose jobs in the table")).to_be_visible()
    for box in rows(page).get_by_role("checkbox").all():
        box.check()
    for series in ("series-0", "series-1"):
        points = page.locator(f".curves .{series} circle")
        expect(points).to_have_count(4 * 2)
    legend = page.locator(".curves .legend").first
    for rate in RATES:
        expect(legend).to_contain_text(f"learning rate {rate}")
    charts = page.locator("#compare .curves").get_by_role("img")
    expect(charts).to_have_count(4)
    expect(charts.first).to_have_attribute("aria-label", re.compile("After epoch 2 of 2"))
    page.locator("#compare").get_by_text("The numbers").click()
    table = page.get_by_role("region", name="Curves").get_by_role("row")
    expect(table).to_have_count(1 + 2 * 2)
    shown = table.nth(1).get_by_role("cell").nth(1)
    expect(shown).to_have_text(re.compile(r"^\d\.\d{4}$"))

    page.reload()
    expect(page.locator(".curves .series-1 circle")).to_have_count(8)
    page.get_by_role("button", name="Draw none").click()
    expect(page.get_by_text("Choose jobs in the table")).to_be_visible()


def test_a_job_of_the_address_is_drawn_whatever_the_filter_says(
    page: Page, trials: list[Job], tolerated: list[str]
) -> None:
    tolerated.append("status of 404")  # the other job is gone
    page.goto(f"/#compare?status=failed&jobs={trials[0]['id']},job_{'0' * 26}")
    expect(page.locator(".curves .series-0 circle")).to_have_count(8)


def test_two_models_are_compared_in_words_and_pictures(
    page: Page, server: Server, model: Model, trials: list[Job]
) -> None:
    worse = trials[1]["model_id"]
    params = {"a": model["id"], "b": worse}
    answer = httpx.get(f"{server.url}/v1/models/compare", params=params, timeout=70).json()
    page.goto("/#compare")
    page.get_by_role("combobox", name="A", exact=True).select_option(model["id"])
    page.get_by_role("combobox", name="B", exact=True).select_option(worse)
    page.get_by_role("button", name="Compare them").click()
    view = page.locator("#compare")
    expect(view.locator(".outcome")).to_have_text("A is better")
    expect(view).to_contain_text("in fewer than 1 of 1,000 such comparisons")
    expect(view.locator(".agreement td").nth(1)).to_have_text(f"{answer['both_right']:,}")

    sides = view.get_by_role("group", name="Who is right").get_by_role("button")
    expect(sides.nth(0)).to_have_text(f"A alone is right: {answer['only_a_right']:,}")
    expect(sides.nth(0)).to_have_attribute("aria-pressed", "true")
    sides.nth(1).click()
    first = next(one for one in answer["differences"] if one["b"] == one["label"])
    frame = view.locator(".disagreements .wall button").first
    expect(frame).to_have_text(f"It is {first['label']}A: {first['a']}B: {first['b']} ✓")
    expect(frame.locator("img")).to_have_attribute("src", re.compile("^blob:"))

    page.reload()
    expect(view.locator(".outcome")).to_have_text("A is better")
    frame.click()
    expect(page.get_by_role("heading", name="Look inside")).to_be_visible()
    expect(page.locator(".layers-film figure").first).to_be_visible()


def test_jobs_and_models_are_compared_by_keyboard(
    page: Page, model: Model, sweep: dict[str, Any], trials: list[Job]
) -> None:
    worse = trials[1]["model_id"]
    open_sweep(page, sweep, f"&a={model['id']}&b={worse}")
    heading = page.get_by_role("columnheader", name="optimizer · learning rate")
    tab_to(page, heading.get_by_role("button"))
    page.keyboard.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    tab_to(page, rows(page).first.get_by_role("checkbox"))
    page.keyboard.press("Space")
    expect(page.locator(".curves .series-0 circle")).to_have_count(4 * 2)
    tab_to(page, page.get_by_role("combobox", name="A", exact=True))
    tab_to(page, page.get_by_role("button", name="Compare them"))
    page.keyboard.press("Enter")
    expect(page.locator("#compare .outcome")).to_have_text("A is better")
    sides = page.get_by_role("group", name="Who is right").get_by_role("button")
    tab_to(page, sides.nth(1))
    page.keyboard.press("Enter")
    expect(sides.nth(1)).to_have_attribute("aria-pressed", "true")
    tab_to(page, page.locator(".disagreements .wall button").first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Look inside")).to_be_visible()


def test_a_model_beside_itself_is_a_draw(page: Page, model: Model) -> None:
    page.goto(f"/#compare?a={model['id']}&b={model['id']}")
    expect(page.locator("#compare .outcome")).to_have_text("They are equally good")


def test_names_and_tags_are_text(page: Page, sweep: dict[str, Any]) -> None:
    open_sweep(page, sweep)
    expect(rows(page).first.get_by_role("link")).to_have_text(TRAP)
    expect(rows(page).first.locator(".tag")).to_have_text(["مقارنة", "<b>bold</b>"])
    expect(page.get_by_label("Sweep").locator("option:checked")).to_have_text(f"{TRAP}, 2 trials")
    rows(page).first.get_by_role("checkbox").check()
    expect(page.locator(".curves .legend").first).to_contain_text(TRAP)
    assert page.locator("img[src=x]").count() == 0


def test_the_request_for_the_jobs_is_the_one_that_is_sent(
    page: Page, sweep: dict[str, Any]
) -> None:
    page.goto("/#compare?tag=it's")
    expect(page.locator("#compare")).to_contain_text("No job is like that.")
    page.get_by_role("button", name="Show these jobs as a request").click()
    curl = page.get_by_role("region", name="curl")
    expect(curl).to_contain_text("/v1/jobs?limit=100&tag=it%27s'")


def test_a_running_job_is_kept_fresh(page: Page, start_server: StartServer) -> None:
    url = start_server().url
    body = {"preset": "mlp", "epochs": 3, "train_samples": 2000}
    job = httpx.post(f"{url}/v1/jobs", json=body).json()
    page.goto(f"{url}/#compare?jobs={job['id']}")
    expect(rows(page).first.locator(".status")).to_have_text("succeeded", timeout=60_000)
    expect(page.locator(".curves .series-0 circle")).to_have_count(4 * 3)


def test_without_a_server_the_table_stays(
    page: Page, sweep: dict[str, Any], tolerated: list[str]
) -> None:
    tolerated.append("ERR_INTERNET_DISCONNECTED")
    open_sweep(page, sweep)
    page.context.set_offline(True)
    page.get_by_label("Status").select_option("succeeded")
    expect(page.locator("#banner")).to_contain_text("does not answer")
    expect(rows(page)).to_have_count(2)
    page.context.set_offline(False)
    expect(page.locator("#banner")).to_be_empty()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    page: Page, sweep: dict[str, Any], trials: list[Job], scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    a, b = trials
    more = f"&jobs={a['id']},{b['id']}&a={a['model_id']}&b={b['model_id']}"
    open_sweep(page, sweep, more)
    expect(page.locator(".agreement")).to_be_visible()
    page.locator("#compare").get_by_text("The numbers").click()
    expect_no_violation(page)


@pytest.mark.parametrize("width", [360, 768, 1440, 3840])
def test_nothing_sticks_out_at_any_width(
    page: Page, sweep: dict[str, Any], trials: list[Job], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_sweep(page, sweep, f"&jobs={trials[0]['id']},{trials[1]['id']}")
    expect(page.locator(".curves .series-1 circle")).to_have_count(8)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
