"""The rule that made MNIST, with the properties that MNIST has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.vision.normalize import (
    average,
    centre,
    centre_of_mass,
    extent,
    grey_levels,
    in_mnist_form,
    normalize,
)

Images = NDArray[np.uint8]
Picture = NDArray[np.float32]


def enlarged(digit: Images, factor: int) -> Picture:
    large = digit.repeat(factor, axis=0).repeat(factor, axis=1)
    return large.astype(np.float32) / np.float32(255)


def test_the_result_is_20_pixels_long_and_has_its_mass_in_the_middle(digits: Images) -> None:
    for digit in digits[:500]:
        image = normalize(enlarged(digit, 4))

        assert image.shape == (28, 28)
        assert image.max() == 1
        assert extent(image).side in (19, 20)
        assert all(13.45 < mass <= 14.502 for mass in centre_of_mass(image))


def test_what_was_normalized_once_is_left_alone(digits: Images) -> None:
    for digit in digits[:500]:
        once = normalize(enlarged(digit, 3))

        assert np.array_equal(normalize(once), once)


@given(
    number=st.integers(0, 9999),
    rows=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    columns=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
@settings(max_examples=100, deadline=None)
def test_where_on_the_paper_it_stands_does_not_matter(
    digits: Images, number: int, rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    digit = enlarged(digits[number], 2)

    assert np.array_equal(normalize(np.pad(digit, (rows, columns))), normalize(digit))


def test_a_long_line_keeps_its_proportions() -> None:
    line = np.zeros((300, 300), np.float32)
    line[50:250, 100:120] = 1

    covered = extent(normalize(line))

    assert covered.bottom - covered.top == 20
    assert covered.right - covered.left <= 3


def test_a_dot_is_not_blown_up() -> None:
    dot = np.zeros((300, 300), np.float32)
    dot[50:53, 100:103] = 1

    assert extent(normalize(dot)).side <= 7


def test_mnists_form_allows_a_grey_level_of_noise(digits: Images) -> None:
    rng = np.random.default_rng(0)

    for digit in digits[:1000]:
        noisy = np.clip(digit + rng.integers(-1, 2, digit.shape), 0, 255)

        assert in_mnist_form(noisy.astype(np.float32) / 255)


def test_dark_ink_is_not_mnists_form(digits: Images) -> None:
    assert not any(in_mnist_form(1 - digit.astype(np.float32) / 255) for digit in digits[:1000])


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((28, 28), np.float32),
        np.ones((28, 28), np.float32),
        np.pad(np.ones((24, 4), np.float32), ((2, 2), (12, 12))),
        np.pad(np.ones((20, 4), np.float32), ((4, 4), (6, 18))),
        np.pad(np.ones((9, 9), np.float32), ((10, 9), (10, 9))),
        np.pad(np.ones((20, 4), np.float32), ((5, 5), (12, 12))),
    ],
    ids=["blank", "full", "too long", "beside the middle", "too small", "not 28×28"],
)
def test_other_pictures_are_not_in_mnists_form(picture: Picture) -> None:
    assert not in_mnist_form(picture)


@given(
    shape=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.integers(1, 40),
    seed=st.integers(0, 99),
)
@settings(max_examples=100, deadline=None)
def test_averaging_keeps_the_mean(shape: tuple[int, int], size: int, seed: int) -> None:
    values = np.random.default_rng(seed).random(shape, dtype=np.float32)

    averaged = average(values, (0, 0), shape, size)

    assert averaged.shape == (size, size)
    assert averaged.mean() == pytest.approx(values.mean(), rel=1e-4)


def test_averaging_by_a_whole_factor_is_the_mean_of_blocks() -> None:
    values = np.random.default_rng(0).random((60, 40), dtype=np.float32)

    blocks = values.reshape(20, 3, 20, 2).mean(axis=(1, 3))

    assert np.allclose(average(values, (0, 0), (60, 40), 20), blocks, atol=1e-6)


def test_over_the_border_there_is_nothing() -> None:
    window = average(np.ones((4, 4), np.float32), (-2, 2), (8, 8), 4)

    assert window.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_a_symmetric_drawing_does_not_jump_at_a_rounding_error() -> None:
    box = np.zeros((20, 20), np.float32)
    box[:, 9:11] = 1
    nudged = box.copy()
    nudged[5, 10] -= 1 / 255

    assert np.abs(centre(box) - centre(nudged)).max() < 0.02


def test_grey_levels_are_those_of_eight_bits() -> None:
    levels = np.arange(256).astype(np.float32) / np.float32(255)

    assert np.array_equal(grey_levels(levels + np.float32(0.001)), levels)
