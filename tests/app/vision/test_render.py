"""Arrays as PNGs."""

import base64
from io import BytesIO

import numpy as np
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
