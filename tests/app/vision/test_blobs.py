"""Dust goes, the drawing stays, and a second digit is noticed."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from app.vision.blobs import without_specks

Images = NDArray[np.uint8]
Picture = NDArray[np.float32]


@pytest.fixture
def drawings(digits: Images) -> Picture:
    """A hundred digits, each with room around it, (100, 240, 240)."""
    enlarged = digits[:100].repeat(5, axis=1).repeat(5, axis=2) / np.float32(255)
    return np.pad(enlarged, ((0, 0), (50, 50), (50, 50)))


def test_a_digit_stays_whole(drawings: Picture) -> None:
    lost = [drawing.sum() - without_specks(drawing).ink.sum() for drawing in drawings]

    assert max(lost) < 0.02 * drawings.sum(axis=(1, 2)).mean()


def test_dust_is_wiped_away(drawings: Picture) -> None:
    rng = np.random.default_rng(0)
    for drawing in drawings:
        rows, columns = rng.integers(0, 40, (2, 30))  # beside the digit
        dusty = drawing.copy()
        dusty[rows, columns] = 1

        ink = without_specks(dusty).ink

        assert ink[:40, :40].sum() == 0
        assert np.array_equal(ink, without_specks(drawing).ink)


def test_hardly_any_digit_is_taken_for_two(drawings: Picture) -> None:
    assert sum(without_specks(drawing).several for drawing in drawings) <= 1


def test_two_side_by_side_are_noticed(drawings: Picture) -> None:
    pairs = [np.hstack(pair) for pair in itertools.pairwise(drawings)]

    assert sum(without_specks(pair).several for pair in pairs) >= 0.97 * len(pairs)


def test_two_parts_one_above_the_other_are_one_digit() -> None:
    five = np.zeros((100, 100), np.float32)
    five[20:25, 30:70] = 1
    five[35:80, 30:36] = 1

    assert not without_specks(five).several


@pytest.mark.parametrize("shape", [(1, 1), (1, 4096), (4096, 1), (65, 3)])
def test_any_shape_will_do(shape: tuple[int, int]) -> None:
    ink = np.ones(shape, np.float32)

    assert np.array_equal(without_specks(ink).ink, ink)


def test_a_blob_may_wind_all_over_the_picture() -> None:
    snake = np.zeros((61, 61), np.float32)
    snake[::4] = 1
    snake[1::8, -1] = snake[2::8, -1] = snake[3::8, -1] = 1
    snake[5::8, 0] = snake[6::8, 0] = snake[7::8, 0] = 1

    drawing = without_specks(snake)

    assert np.array_equal(drawing.ink, snake)
    assert not drawing.several
