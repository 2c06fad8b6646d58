"""Arrays as PNGs."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from app.vision import render


def test_an_image_is_read_back_to_the_grey_level() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)

    content = render.png(levels.astype(np.float32) / 255)

    with Image.open(BytesIO(content)) as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), levels)
    assert base64.b64decode(render.data_url(levels / 255).split(",")[1]) == content


def test_what_lies_outside_is_clipped() -> None:
    with Image.open(BytesIO(render.png(np.array([[-1.0, 2.0]])))) as image:
        assert np.asarray(image).tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("shape", "mode", "size"),
    [
        ((1, 5, 7), "L", (7, 5)),
        ((5, 7), "L", (7, 5)),
        ((3, 5, 7), "RGB", (7, 5)),
        ((2, 5, 7), "L", (7, 5)),
        ((784,), "L", (28, 28)),
        ((6,), "L", (6, 1)),
    ],
)
def test_a_sample_of_any_shape_is_an_image_without_loss(
    shape: tuple[int, ...], mode: str, size: tuple[int, int]
) -> None:
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    with Image.open(BytesIO(render.sample(values))) as picture:
        assert (picture.mode, picture.size) == (mode, size)
        seen = np.asarray(picture)

    shown = np.moveaxis(values, 0, -1) if mode == "RGB" else values.reshape(-1, *seen.shape)[0]
    assert np.array_equal(seen, shown)
