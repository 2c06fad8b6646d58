"""What can be read becomes files or JSON."""

import base64
import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from app.client.inputs import Strokes, as_image, as_instance, is_image

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


def pixels(content: bytes) -> list[list[int]]:
    values: list[list[int]] = np.asarray(PIL.Image.open(io.BytesIO(content))).tolist()
    return values


def test_a_path_is_a_file_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "seven.png"
    file.write_bytes(b"content")

    assert as_image(file) == as_image(str(file)) == ("seven.png", b"content")


def test_arrays_of_integers_and_pillow_images_are_images() -> None:
    for source in (GREY, PIL.Image.fromarray(GREY)):
        assert is_image(source)
        assert pixels(as_image(source)[1]) == GREY.tolist()


def test_colour_stays() -> None:
    colour = np.dstack([GREY, GREY, GREY])

    assert pixels(as_image(colour)[1]) == colour.tolist()


def test_arrays_of_floats_are_what_the_network_takes() -> None:
    numbers = GREY.astype(np.float32) / 16

    assert not is_image(numbers)
    assert as_instance(numbers) == numbers.tolist()


def test_strokes_are_points() -> None:
    drawing = Strokes([[(1, 2), (3.5, 4)]])

    assert not is_image(drawing)
    assert as_instance(drawing) == {"strokes": [[[1.0, 2.0], [3.5, 4.0]]]}


def test_beside_others_an_image_is_sent_as_text() -> None:
    assert as_instance(b"content") == {"b64": base64.b64encode(b"content").decode()}


@pytest.mark.parametrize("source", [3, np.zeros((2, 2), dtype=np.int64), {"strokes": []}])
def test_anything_else_is_refused_by_its_type(source: object) -> None:
    with pytest.raises(TypeError, match=r"got (int|dict)"):
        as_image(source)  # type: ignore[arg-type]
