"""Lines come to the thickness of MNIST's, unless they have it."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from app.vision.normalize import normalize
from app.vision.pen import with_even_pen

Images = NDArray[np.uint8]
Picture = NDArray[np.float32]


def seven(width: int) -> Picture:
    """A seven 200 pixels high: MNIST's pen would be 25 wide."""
    sheet = Image.new("L", (300, 300))
    draw = ImageDraw.Draw(sheet)
    draw.line([(90, 50), (210, 50), (130, 250)], fill=255, width=width, joint="curve")
    return np.asarray(sheet).astype(np.float32) / np.float32(255)


@pytest.mark.parametrize(
    ("width", "warning"),
    [(1, "thin_pen"), (6, "thin_pen"), (20, None), (30, None), (60, "thick_pen")],
)
def test_what_is_out_of_the_ordinary_is_named(width: int, warning: str | None) -> None:
    assert with_even_pen(seven(width)).warning == warning


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_a_hairline_comes_out_as_if_mnists_pen_had_drawn_it(width: int) -> None:
    usual = normalize(seven(25)).mean()

    assert normalize(seven(width)).mean() < 0.5 * usual
    assert normalize(with_even_pen(seven(width)).ink).mean() == pytest.approx(usual, rel=0.1)


@pytest.mark.parametrize("width", [60, 70])
def test_of_a_fat_marker_more_than_half_of_the_excess_goes(width: int) -> None:
    usual = normalize(seven(25)).mean()
    excess = normalize(seven(width)).mean() - usual

    assert excess > 0.9 * usual
    assert normalize(with_even_pen(seven(width)).ink).mean() - usual < 0.45 * excess


def test_nearly_all_of_mnist_is_left_alone(digits: Images) -> None:
    pictures = digits[:1000].astype(np.float32) / 255

    kept = [with_even_pen(picture).ink is picture for picture in pictures]

    assert np.mean(kept) > 0.98


def test_a_dot_is_not_measured() -> None:
    dot = np.zeros((50, 50), np.float32)
    dot[20:25, 20:25] = 1

    assert with_even_pen(dot).ink is dot


def test_a_texture_is_left_alone() -> None:
    stripes = np.zeros((60, 60), np.float32)
    stripes[::2] = 1

    assert normalize(with_even_pen(stripes).ink).max() == 1
