"""Look inside: what a person finds out about a model and the data that it learns from."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Server, StartServer, wait_until_ended
from tests.dataset_files import arrays, npz
from tests.page.gestures import tab_to
from tests.page.test_accessibility import expect_no_violation

Model = dict[str, Any]

RESIDUAL = [
    {"type": "conv2d", "output_channels": 4, "kernel_size": 3, "padding": "same", "stride": 2},
    {
        "type": "residual",
        "layers": [
            {"type": "conv2d", "output_channels": 8, "kernel_size": 3, "padding": "same"},
            {"type": "relu"},
            {
                "type": "residual",
                "layers": [
                    {"type": "conv2d", "output_channels": 8, "kernel_size": 3, "padding": "same"}
                ],
            },
        ],
    },
    {"type": "global_avg_pool2d"},
    {"type": "dense", "output_dim": 10},
    {"type": "softmax"},
]
CONFIDENCE_WORDS = re.compile(r"confidence and accuracy|right as often as it says")


@pytest.fixture(scope="module")
def nested_model(server: Server) -> Iterator[Model]:
    """A model with a residual block in a residual block, whose name is a trap."""
    body = {
        "network": {"input_shape": [1, 28, 28], "layers": RESIDUAL},
        "name": '<img src=x onerror="document.title=1">',
        "epochs": 1,
        "train_samples": 500,
    }
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
        model: Model = client.get(f"/v1/models/{job['model_id']}").json()
        yield model


@pytest.fixture(scope="module")
def evaluation(server: Server, model: Model) -> dict[str, Any]:
    """What the API says of the model on MNIST's test split."""
    answer = httpx.post(f"{server.url}/v1/models/{model['id']}/evaluate", json={}, timeout=70)
    figures: dict[str, Any] = answer.json()
    return figures


def open_inside(page: Page, model: Model, more: str = "") -> None:
    page.goto(f"/#inside?model={model['id']}{more}")
    expect(page.get_by_role("heading", name="Look inside")).to_be_visible()


def panel(page: Page, title: str) -> Locator:
    return page.locator("#inside .panel", has=page.get_by_role("heading", name=title, exact=True))


def cell(page: Page, label: str, read: str) -> Locator:
    return page.locator(f'.confusion button[data-label="{label}"][data-read="{read}"]')


def loaded(image: Locator) -> bool:
    image.scroll_into_view_if_needed()
    expect(image).to_have_attribute("src", re.compile("^(blob|data):"))
    return bool(
        image.evaluate("async (image) => { await image.decode(); return image.naturalWidth > 0; }")
    )


def test_the_architecture_is_drawn_with_shapes_and_costs(page: Page, model: Model) -> None:
    open_inside(page, model)
    architecture = panel(page, "Architecture")
    drawing = architecture.locator("svg.network")
    expect(drawing).to_have_attribute("aria-label", re.compile(r"Input 1×28×28, then flatten: 784"))
    dense = architecture.get_by_role("row", name=re.compile("^dense 10"))
    expect(dense.get_by_role("cell")).to_have_text(["10", "7,850", "7,840"])
    totals = architecture.get_by_role("row", name=re.compile("^In all"))
    expect(totals.get_by_role("cell")).to_have_text(["7,850", "7,840"])

    dense.hover()
    expect(drawing.locator('[data-place="2"]')).to_have_class(re.compile("lit"))


def test_residual_blocks_are_drawn_nested_and_add_up(page: Page, nested_model: Model) -> None:
    open_inside(page, nested_model)
    architecture = panel(page, "Architecture")
    expect(architecture.locator("svg .road")).to_have_count(2)
    expect(architecture.locator("svg .ring")).to_have_count(2)
    inner = architecture.locator('tr[data-place="2.3.1"]')
    expect(inner.get_by_role("cell")).to_have_text(["8×14×14", "584", "112,896"])
    projection = architecture.get_by_role("row", name=re.compile("^projection"))
    expect(projection.get_by_role("cell")).to_have_text(["8×14×14", "32", "6,272"])
    assert architecture.locator("svg.network").evaluate(
        """(drawing) => {
          const { x, y, width, height } = drawing.viewBox.baseVal;
          return [...drawing.children].every((node) => {
            const box = node.getBBox();
            return box.x >= x && box.y >= y && box.x + box.width <= x + width + 1
              && box.y + box.height <= y + height + 1;
          });
        }"""
    )


def test_the_cells_of_the_confusion_matrix_open_their_images(
    page: Page, model: Model, evaluation: dict[str, Any]
) -> None:
    open_inside(page, model)
    matrix = evaluation["confusion_matrix"]
    expect(cell(page, "4", "9")).to_have_text(str(matrix[4][9]))
    mistakes = panel(page, "Mistakes")
    first = evaluation["mistakes"][0]
    expect(mistakes.locator(".wall button").first).to_contain_text(
        f"{first['label']}, read as {first['predicted']}"
    )

    cell(page, "4", "9").click()
    expect(cell(page, "4", "9")).to_have_attribute("aria-pressed", "true")
    title = mistakes.get_by_role("heading", name="4, read as 9")
    expect(title).to_be_focused()
    frames = mistakes.locator(".wall button")
    expect(frames).to_have_count(min(24, matrix[4][9]))
    assert loaded(frames.first.locator("img"))
    assert "true=4&read=9" in page.url

    page.reload()
    expect(title).to_be_visible()
    mistakes.get_by_role("button", name="Back to the worst").click()
    expect(mistakes.get_by_role("heading", name="The worst mistakes")).to_be_visible()

    cell(page, "0", "0").click()
    expect(mistakes.get_by_role("heading", name="Read right: 0")).to_be_visible()
    expect(frames).to_have_count(24)


def test_the_confusion_matrix_is_walked_with_arrow_keys(page: Page, model: Model) -> None:
    open_inside(page, model)
    expect(cell(page, "0", "0")).to_be_visible()
    cell(page, "0", "0").focus()
    for key in ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowLeft"]:
        page.keyboard.press(key)
    expect(cell(page, "1", "0")).to_be_focused()
    assert page.locator('.confusion button[tabindex="0"]').count() == 1
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(panel(page, "Mistakes").get_by_role("heading", name="Read right: 1")).to_be_focused()


def test_it_is_looked_into_by_keyboard(page: Page, model: Model, tmp_path: Path) -> None:
    # A listener has the browser hand choosers over from now on, not from just before the key on.
    page.on("filechooser", lambda _chooser: None)
    open_inside(page, model)
    expect(cell(page, "0", "0")).to_be_visible()
    tab_to(page, page.locator("#inside").get_by_label("Model"))
    tab_to(page, page.get_by_role("button", name="ONNX"))
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to(page, cell(page, "0", "0"))
    page.keyboard.press("Enter")
    mistakes = panel(page, "Mistakes")
    expect(mistakes.get_by_role("heading", name="Read right: 0")).to_be_focused()
    tab_to(page, mistakes.locator(".wall button").first)
    page.keyboard.press("Enter")
    walk = panel(page, "Layer by layer")
    expect(walk.get_by_role("heading", name="Layer by layer")).to_be_focused()
    expect(walk.locator(".layers-film figure")).to_have_count(3)

    tab_to(page, panel(page, "The data").get_by_role("button", name="Next"))
    page.keyboard.press("Enter")
    expect(panel(page, "The data").get_by_role("status")).to_contain_text("Page 2")
    own = panel(page, "Data of your own")
    tab_to(page, own.get_by_label("Name"))
    page.keyboard.type("by-keyboard")
    tab_to(page, own.get_by_label("File"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    (tmp_path / "mine.npz").write_bytes(npz(arrays()))
    chooser.value.set_files(tmp_path / "mine.npz")
    tab_to(page, own.get_by_role("button", name="Upload", exact=True))
    page.keyboard.press("Enter")
    expect(own.get_by_role("status")).to_contain_text("40 to train on")


def test_a_mistake_is_followed_through_the_layers(page: Page, model: Model) -> None:
    open_inside(page, model)
    panel(page, "Mistakes").locator(".wall button").first.click()
    walk = panel(page, "Layer by layer")
    expect(walk.get_by_role("heading", name="Layer by layer")).to_be_focused()
    tiles = walk.locator(".layers-film figure")
    expect(tiles).to_have_count(3)
    expect(tiles).to_contain_text(["flatten784", "dense 1010", "softmax10"])
    assert loaded(tiles.first.locator("img"))
    expect(walk.locator(".seen-pair figure")).to_have_text(
        ["What it got", "What mattered: bright pixels"]
    )
    expect(walk).to_contain_text("of mnist, test split")
    assert "sample=mnist" in page.url

    before = walk.get_by_role("status").inner_text()
    page.reload()
    expect(walk.get_by_role("status")).to_have_text(before)


def test_a_drawing_is_followed_through_the_layers(page: Page, model: Model) -> None:
    open_inside(page, model)
    expect(cell(page, "4", "9")).to_be_visible()  # nothing moves any more
    walk = panel(page, "Layer by layer")
    pad = walk.locator("canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8, steps=8)
    page.mouse.up()
    expect(walk.get_by_role("status")).to_contain_text("1")
    expect(walk.locator(".layers-film figure")).to_have_count(3)
    walk.get_by_role("button", name="Clear").click()
    expect(walk.locator(".layers-film figure")).to_have_count(0)

    walk.get_by_role("button", name="Take a test digit").click()
    expect(walk.locator(".layers-film figure")).to_have_count(3)


def test_filters_and_confidence_are_shown(
    page: Page, model: Model, evaluation: dict[str, Any]
) -> None:
    open_inside(page, model)
    assert loaded(panel(page, "What the first layer looks for").locator("img"))
    confidence = panel(page, "Can its confidence be trusted?")
    expect(confidence.get_by_role("img")).to_have_attribute("aria-label", CONFIDENCE_WORDS)
    bins = evaluation["calibration"]["bins"]
    expect(confidence.locator("circle")).to_have_count(sum(one["count"] > 0 for one in bins))
    confidence.get_by_text("The numbers").click()
    expect(confidence.get_by_role("row")).to_have_count(1 + len(bins))


def test_a_dataset_is_browsed_by_class_and_page(page: Page, model: Model) -> None:
    open_inside(page, model)
    data = panel(page, "The data")
    data.get_by_label("Class").select_option("7")
    frames = data.locator(".wall button")
    expect(frames).to_have_count(40)
    expect(frames.locator("span").first).to_have_text("7")
    expect(data.get_by_role("status")).to_contain_text("Page 1: no. 0 to")
    data.get_by_role("button", name="Next").click()
    expect(data.get_by_role("status")).to_contain_text("Page 2")
    assert loaded(frames.first.locator("img"))
    data.get_by_role("button", name="Back").click()
    expect(data.get_by_role("status")).to_contain_text("Page 1: no. 0 to")
    data.get_by_label("Split").select_option("train")
    expect(data.get_by_label("Class")).to_have_value("7")
    assert "part=train&class=7" in page.url


def upload(page: Page, name: str, content: bytes) -> Locator:
    panel_ = panel(page, "Data of your own")
    panel_.get_by_label("Name").fill(name)
    panel_.get_by_label("File").set_input_files(
        {"name": "mine.npz", "mimeType": "application/zip", "buffer": content}
    )
    panel_.get_by_role("button", name="Upload", exact=True).click()
    return panel_


def test_a_dataset_is_uploaded_and_what_was_found_is_said(
    page: Page, model: Model, server: Server
) -> None:
    content = arrays(train=45, test=20)
    content["y_train"] = np.array([0] * 27 + [1, 2, 3, 4, 5, 6, 7, 8, 9] * 2)
    content["x_train"][1:5] = content["x_train"][0]
    content["x_test"][1] = content["x_test"][0]
    content["x_test"][2:4] = content["x_train"][10:12]
    open_inside(page, model)
    form = upload(page, "mine", npz(content))
    expect(form.get_by_role("status")).to_have_text(
        "mine: 45 to train on, 20 to test with, 10 classes, 5 duplicates, "
        "2 test samples are training samples too."
    )
    warnings = httpx.get(f"{server.url}/v1/datasets/mine").json()["warnings"]
    expect(form.get_by_role("listitem")).to_have_text(warnings)
    data = panel(page, "The data")
    expect(data.get_by_label("Dataset")).to_have_value("mine")
    expect(data).to_contain_text("45 to train on, 20 to test with")


def test_what_is_wrong_with_a_dataset_is_said(
    page: Page, model: Model, server: Server, tolerated: list[str]
) -> None:
    tolerated.append("status of 422")
    content = npz({"x_train": arrays()["x_train"]})
    open_inside(page, model)
    form = upload(page, "broken", content)
    refused = httpx.post(
        f"{server.url}/v1/datasets", data={"name": "broken"}, files={"file": ("mine.npz", content)}
    ).json()
    expect(form.get_by_role("status")).to_have_text(refused["detail"])
    expect(form.get_by_role("listitem")).to_contain_text(refused["errors"][0]["msg"])
    expect(form.get_by_role("button", name="Upload", exact=True)).to_be_enabled()


def test_a_model_is_downloaded_and_its_request_is_shown(
    page: Page, model: Model, server: Server, tmp_path: Path
) -> None:
    open_inside(page, model)
    with page.expect_download() as download:
        page.get_by_role("button", name="ONNX").click()
    assert download.value.suggested_filename.endswith(".onnx")
    kept = tmp_path / "model.onnx"
    download.value.save_as(kept)
    exported = f"{server.url}/v1/models/{model['id']}/export?format=onnx"
    assert kept.read_bytes() == httpx.get(exported).content

    page.get_by_role("button", name="Show this evaluation as a request").click()
    dialog = page.get_by_role("dialog")
    curl = dialog.get_by_role("region", name="curl").inner_text()
    assert f"/v1/models/{model['id']}/evaluate" in curl
    assert '\'{"dataset":"mnist","split":"test"}\'' in curl
    compile(dialog.get_by_role("region", name="Python").inner_text(), "request", "exec")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show the export as a request").click()
    expect(dialog.get_by_role("region", name="curl")).to_contain_text("-X GET")
    expect(dialog.get_by_role("region", name="curl")).to_contain_text("export?format=onnx")


def test_a_name_is_text_wherever_it_stands(page: Page, nested_model: Model) -> None:
    open_inside(page, nested_model)
    expect(page.locator("#inside").get_by_label("Model").locator("option:checked")).to_contain_text(
        "<img src=x"
    )
    expect(panel(page, "Architecture").locator("svg.network")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_another_model_is_chosen_and_the_address_follows(
    page: Page, model: Model, nested_model: Model
) -> None:
    open_inside(page, model)
    drawing = page.locator("svg.network")
    expect(drawing).to_have_attribute("aria-label", re.compile("flatten"))
    page.locator("#inside").get_by_label("Model").select_option(nested_model["id"])
    expect(drawing).to_have_attribute("aria-label", re.compile("residual"))
    assert nested_model["id"] in page.url
    page.evaluate(f"location.hash = 'inside?model={model['id']}'")
    expect(drawing).to_have_attribute("aria-label", re.compile("flatten"))


def test_without_a_server_it_says_so_and_keeps_what_it_has(
    page: Page, model: Model, tolerated: list[str]
) -> None:
    tolerated.append("ERR_INTERNET_DISCONNECTED")
    open_inside(page, model)
    expect(cell(page, "4", "9")).to_be_visible()
    page.context.set_offline(True)
    panel(page, "Layer by layer").get_by_role("button", name="Take a test digit").click()
    expect(page.locator("#banner")).to_contain_text("does not answer")
    expect(cell(page, "4", "9")).to_be_visible()
    expect(page.locator("svg.network")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#banner")).to_be_empty()


def test_a_network_that_draws_again_is_looked_into_too(page: Page, server: Server) -> None:
    body = {"preset": "autoencoder", "epochs": 1, "train_samples": 500}
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    page.goto(f"/#inside?model={job['model_id']}&sample=mnist/test/8")
    expect(panel(page, "Mistakes").get_by_role("status")).to_contain_text("does not name digits")
    expect(panel(page, "Can its confidence be trusted?")).to_be_hidden()
    figures = panel(page, "Layer by layer").locator(".seen-pair figure")
    expect(figures).to_have_text(["What it got", "What it draws"])


def test_a_network_that_takes_long_is_evaluated_when_asked(page: Page, server: Server) -> None:
    wide = {"type": "conv2d", "output_channels": 32, "kernel_size": 9, "stride": 9}
    layers = [{"type": "upsample2d", "factor": 2}, {**wide, "padding": "same", "stride": 1}]
    layers += [{**wide, "stride": 40}, {"type": "flatten"}, {"type": "dense", "output_dim": 10}]
    network = {"input_shape": [1, 28, 28], "layers": [*layers, {"type": "softmax"}]}
    body = {"network": network, "epochs": 1, "train_samples": 64, "batch_size": 32}
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    page.goto(f"/#inside?model={job['model_id']}")
    mistakes = panel(page, "Mistakes")
    expect(mistakes.get_by_role("status")).to_contain_text("takes its time")
    expect(mistakes.locator("table.confusion")).to_be_hidden()
    mistakes.get_by_role("button", name="Read all 10,000 samples").click()
    expect(mistakes.locator("table.confusion")).to_be_visible(timeout=60_000)


def test_a_key_goes_with_every_picture_and_file(
    page: Page, start_server: StartServer, tolerated: list[str]
) -> None:
    tolerated.append("status of 401")
    key = "a-key-of-forty-characters-for-this-test!"
    url = start_server(MNISTRY_API_KEYS=f"trainer:{key}").url
    with httpx.Client(
        base_url=url, timeout=70, headers={"Authorization": f"Bearer {key}"}
    ) as client:
        body = {"preset": "linear", "epochs": 1, "train_samples": 2000}
        wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    page.goto(f"{url}/#inside")
    page.get_by_role("textbox", name="Key").fill(key)
    page.get_by_role("button", name="Use this key").click()
    assert loaded(panel(page, "The data").locator(".wall img").first)
    assert loaded(panel(page, "What the first layer looks for").locator("img"))
    with page.expect_download():
        page.get_by_role("button", name="NumPy").click()


def test_an_empty_server_is_no_error(page: Page, start_server: StartServer) -> None:
    page.goto(f"{start_server().url}/#inside")
    expect(page.get_by_role("heading", name="There is no model yet")).to_be_visible()
    expect(panel(page, "Architecture")).to_be_hidden()
    expect(panel(page, "The data").locator(".wall button").first).to_be_visible()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="Nothing to compare yet")).to_be_visible()
    expect(page.get_by_role("button", name="Compare them")).to_be_hidden()
    page.locator("#compare").get_by_role("link", name="Train a network").click()
    expect(page.get_by_role("button", name="Start training")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong(
    page: Page, model: Model, scheme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    open_inside(page, model, "&sample=mnist/test/8&true=4&read=9")
    expect(cell(page, "4", "9")).to_be_visible()
    expect(page.locator(".layers-film figure")).to_have_count(3)
    page.locator("#inside").get_by_text("Class by class").click()
    page.locator("#inside").get_by_text("The numbers").click()
    expect_no_violation(page)


@pytest.mark.parametrize("width", [360, 768, 1440, 3840])
def test_nothing_sticks_out_at_any_width(page: Page, model: Model, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_inside(page, model, "&sample=mnist/test/8")
    expect(cell(page, "4", "9")).to_be_visible()
    expect(page.locator(".layers-film figure")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
