"""Strokes become digits as MNIST has them, wherever and however large they were drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import UnusableImage
from app.vision.strokes import rasterize

SEVEN = [[(10.0, 10.0), (60.0, 10.0), (30.0, 80.0)]]
ONE = [[(5.0, 0.0), (5.0, 100.0)]]
ZERO = [[(np.cos(a) * 30, np.sin(a) * 40) for a in np.linspace(0, 2 * np.pi, 60)]]


@pytest.mark.parametrize("drawing", [SEVEN, ONE, ZERO])
def test_a_drawing_fills_the_box_and_has_its_mass_in_the_middle(
    drawing: list[list[tuple[float, float]]],
) -> None:
    image = rasterize(drawing).image

    rows, columns = np.nonzero(image > 0.1)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    total = image.sum()
    for axis in (0, 1):
        mass = (image.sum(axis=1 - axis) @ np.arange(28)) / total
        assert 13.4 < mass <= 14.6
    assert image.max() == 1


def test_the_pen_is_as_thick_as_mnists() -> None:
    width = (rasterize(ONE).image[14] > 0.5).sum()

    assert 2 <= width <= 3


def test_a_zero_has_a_hole() -> None:
    image = rasterize(ZERO).image

    assert image[13:15, 13:15].max() == 0
    assert image[14].max() > 0.9


@given(
    st.floats(-1000, 1000),
    st.floats(-1000, 1000),
    st.floats(0.1, 100),
    st.sampled_from([SEVEN, ONE, ZERO]),
)
@settings(max_examples=60, deadline=None)
def test_where_and_how_large_it_was_drawn_does_not_matter(
    x: float, y: float, scale: float, drawing: list[list[tuple[float, float]]]
) -> None:
    moved = [[(x + scale * a, y + scale * b) for a, b in stroke] for stroke in drawing]

    distance = np.abs(rasterize(moved).image - rasterize(drawing).image).max()

    assert distance < 0.02


def test_a_point_stays_a_dot() -> None:
    image = rasterize([[(50.0, 50.0)]]).image

    rows, columns = np.nonzero(image)
    assert 1 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 5


@pytest.mark.parametrize("nothing", [[], [[]], [[], []]])
def test_without_a_point_there_is_nothing_to_read(
    nothing: list[list[tuple[float, float]]],
) -> None:
    with pytest.raises(UnusableImage) as caught:
        rasterize(nothing)

    assert caught.value.kind == "image_blank"


def test_many_points_take_no_longer_than_some() -> None:
    line = [(float(np.cos(i)), float(i)) for i in range(100_000)]

    assert rasterize([line]).image.max() == 1
