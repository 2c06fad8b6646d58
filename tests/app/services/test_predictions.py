"""Predictions: inputs of every form become what the model takes."""

import json
from typing import Any

import numpy as np
import pytest

from app.domain.definitions import NetworkDefinition
from app.domain.errors import InvalidInput
from app.domain.presets import PRESETS
from app.services import predictions
from app.services.serving import LoadedModel
from app.store import mnist
from app.vision import render
from tests.app.records import a_loaded_model

PIXELS = 16_000_000


@pytest.fixture(scope="module")
def linear() -> LoadedModel:
    return a_loaded_model(PRESETS["linear"].definition)


@pytest.fixture(scope="module")
def digit() -> Any:
    return mnist.read("test").images[0, 0].astype(np.float32) / 255


def test_all_forms_of_a_digit_are_read_alike(linear: LoadedModel, digit: Any) -> None:
    png = render.png(digit)
    flat = digit.ravel().tolist()
    forms = [flat, digit.tolist(), [digit.tolist()], {"b64": render.data_url(digit)[22:]}]

    arrays = predictions.from_instances(linear, forms, "auto", PIXELS)
    files = predictions.from_files(linear, [("a/b\\seven.png", png)], "auto", PIXELS)

    assert all(np.array_equal(one.x, arrays[0].x) for one in [*arrays, *files])
    assert files[0].filename == "seven.png"


@pytest.mark.parametrize(
    ("instance", "kind"),
    [
        ([0.0] * 783, "array_shape"),
        ([[0.0] * 28] * 27, "array_shape"),
        ([[0.0], [0.0, 1.0]], "ragged_array"),
        ([1.5] * 784, "array_range"),
        ([-0.1] * 784, "array_range"),
        (["a"] * 784, "not_numbers"),
        ([None] * 784, "not_numbers"),
        ([True] * 784, "not_numbers"),
        ("text", "instance_type"),
        (7, "instance_type"),
        ({"b64": "!"}, "base64_invalid"),
        ({"b64": "aGVsbG8="}, "image_format"),
        ({"strokes": []}, "image_blank"),
        ({"pixels": []}, "instance_type"),
    ],
)
def test_what_cannot_be_read_is_reported_at_its_instance(
    linear: LoadedModel, instance: Any, kind: str
) -> None:
    good = [0.0] * 784

    with pytest.raises(InvalidInput) as caught:
        predictions.from_instances(linear, [good, instance], "auto", PIXELS)

    assert caught.value.errors[0].loc[:2] == ("instances", 1)
    assert caught.value.errors[0].type == kind


def test_every_bad_file_is_named(linear: LoadedModel, digit: Any) -> None:
    uploads = [("good.png", render.png(digit)), ("bad.png", b"no"), ("worse.gif", b"")]

    with pytest.raises(InvalidInput) as caught:
        predictions.from_files(linear, uploads, "auto", PIXELS)

    assert [error.loc for error in caught.value.errors] == [("files", 1), ("files", 2)]
    assert "bad.png" in caught.value.errors[0].msg


def test_images_are_for_models_that_take_as_many_numbers() -> None:
    body = {
        "input_shape": [5],
        "layers": [{"type": "dense", "output_dim": 10}, {"type": "softmax"}],
    }
    small = a_loaded_model(NetworkDefinition.model_validate(body))

    with pytest.raises(InvalidInput, match="28×28"):
        predictions.from_instances(small, [{"strokes": [[[0, 0], [1, 1]]]}], "auto", PIXELS)
    (one,) = predictions.from_instances(small, [[0.0, 0.25, 0.5, 0.75, 1.0]], "auto", PIXELS)
    assert one.x.shape == (5,)


def a_long_text(count: int, *, nested: bool) -> bytes:
    x = np.full((count, 28, 28) if nested else (count, 784), 0.25)
    return json.dumps({"instances": x.tolist()}, indent=1).encode()


@pytest.mark.parametrize("nested", [False, True])
def test_many_arrays_are_read_one_by_one(linear: LoadedModel, nested: bool) -> None:
    inputs = predictions.plain_arrays(linear, a_long_text(40, nested=nested))

    assert inputs is not None
    assert len(inputs) == 40
    assert all(np.array_equal(one.x, np.full(linear.input_shape, 0.25)) for one in inputs)


@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (b"],", b"]"),
        (b"],", b"],,"),
        (b"],", b"],5,"),
        (b"0.25,", b"01.25,"),
        (b"0.25,", b"1.25,"),
        (b"0.25,", b""),
        (b"[", b"[["),
        (b"]\n}", b"],\n}"),
        (b"]\n}", b"]\n}}"),
        (b"]\n}", b""),
    ],
)
def test_many_arrays_with_something_amiss_are_looked_at_closely(
    linear: LoadedModel, part: bytes, instead: bytes
) -> None:
    text = a_long_text(40, nested=False)
    assert part in text

    assert predictions.plain_arrays(linear, text.replace(part, instead, 1)) is None


def test_one_flat_array_is_read_as_by_a_strict_parser(linear: LoadedModel) -> None:
    numbers = [0, 1, -0.0, 1e-3, 5e-324, 0.1, 1 / 3, *np.random.default_rng(0).random(777)]
    text = json.dumps({"instances": [numbers]}, indent=1).encode()

    inputs = predictions.plain_arrays(linear, text)

    assert inputs is not None
    (one,) = inputs
    (strict,) = predictions.from_instances(linear, json.loads(text)["instances"], "auto", PIXELS)
    assert np.array_equal(one.x, strict.x)


@pytest.mark.parametrize(
    "text",
    [
        '{"instances": [[%s, 0.5], 0.5]}',
        '{"instances": [0.5, [%s, 0.5]]}',
        '{"instances": [0.5, [%s]]}',
        '{"instances": [[%s, [0.5]]]}',
        '{"instances": [[%s, {}]]}',
        '{"instances": [[%s, 1.5]]}',
        '{"instances": [[%s, 01]]}',
        '{"instances": [[%s, NaN]]}',
        '{"instances": [[%s, 1e999]]}',
        '{"instances": [[%s, 18446744073709551616]]}',
        '{"instances": [[%s, 0.5, 0.5]]}',
        '{"instances": [[%s, 0.5],]}',
        '{"instances": [[%s, 0.5]]',
        '{"instances": [[%s, 0.5]]} {}',
        '{"instances": [%s, 0.5]}',
        '{"instances": %s}',
    ],
)
def test_one_array_with_something_amiss_is_looked_at_closely(
    linear: LoadedModel, text: str
) -> None:
    numbers = ", ".join(["0.25"] * 783)

    assert predictions.plain_arrays(linear, (text % numbers).encode()) is None
