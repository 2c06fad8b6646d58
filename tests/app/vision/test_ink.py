"""Ink is told from paper, whatever the colours, the light and the frame."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.errors import UnusableImage
from app.vision.ink import extract

Images = NDArray[np.uint8]
Picture = NDArray[np.float32]


@pytest.fixture
def drawing(digits: Images) -> Picture:
    """A digit in MNIST's polarity, (140, 140)."""
    large: Picture = digits[0].repeat(5, axis=0).repeat(5, axis=1).astype(np.float32)
    return large / np.float32(255)


def on(paper: NDArray[np.floating] | float, drawing: Picture, strength: float = 0.8) -> Picture:
    """Dark ink that takes away a part of the light of the paper."""
    return (paper * (1 - strength * drawing)).astype(np.float32)


def test_light_ink_is_taken_as_it_is(drawing: Picture) -> None:
    ink = extract(drawing)

    assert np.array_equal(ink.values, drawing / drawing.max())
    assert not ink.inverted


def test_dark_ink_is_turned(drawing: Picture) -> None:
    ink = extract(1 - drawing)

    assert np.allclose(ink.values, drawing / drawing.max(), atol=1e-6)
    assert ink.inverted


def test_faint_ink_comes_to_full_contrast(drawing: Picture) -> None:
    ink = extract(on(0.9, drawing, strength=0.06))

    assert np.allclose(ink.values, drawing / drawing.max(), atol=1e-5)


def test_ink_may_differ_from_its_paper_in_colour_alone(drawing: Picture) -> None:
    red, green = np.array([1, 0, 0], np.float32), np.array([0, 0.509, 0], np.float32)
    part = drawing[..., np.newaxis]

    ink = extract(part * red + (1 - part) * green)

    assert np.allclose(ink.values, drawing / drawing.max(), atol=1e-5)


@pytest.mark.parametrize("dimmest", [0.9, 0.5, 0.2])
def test_uneven_light_is_evened_out(drawing: Picture, dimmest: float) -> None:
    slope = np.linspace(dimmest, 1, 140)

    ink = extract(on(0.9 * np.outer(slope, slope), drawing))

    assert np.abs(ink.values - drawing).max() < 0.05


def test_a_shadow_in_a_corner_is_not_ink(drawing: Picture) -> None:
    side = np.linspace(-0.7, 0.7, 140)
    across = np.add.outer(side, side)  # from one corner to the opposite
    light = 0.7 - 0.2 * across - 0.35 / (1 + np.exp(-(across - 0.6) / 0.15))

    ink = extract(on(light, drawing))

    assert ink.inverted
    assert ink.values[drawing > 0.9].mean() > 0.9
    assert ink.values[100:, 100:].max() == 0


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("strength", [0.1, 0.3])
def test_the_lines_of_paper_are_not_ink(drawing: Picture, squared: bool, strength: float) -> None:
    paper = np.ones((140, 140), np.float32)
    paper[10::25] = 1 - strength
    if squared:
        paper[:, 5::25] = 1 - strength

    ink = extract(np.minimum(paper, on(1.0, drawing, strength=0.9)))

    assert ink.values[drawing == 0].max() == 0
    assert ink.values[drawing > 0.95].min() > 0.9


def test_ink_that_is_cut_off_is_not_taken_for_such_lines(drawing: Picture) -> None:
    cut = drawing[:70]
    assert cut[-1].max() > 0

    assert np.allclose(extract(1 - cut).values, cut / cut.max(), atol=1e-6)


def test_light_ink_on_a_board_that_is_lit_unevenly_is_ink_too(drawing: Picture) -> None:
    board = 0.2 + 0.6 * drawing

    ink = extract((board * np.linspace(0.6, 1, 140)).astype(np.float32))

    assert np.abs(ink.values - drawing).max() < 0.05
    assert not ink.inverted


@pytest.mark.parametrize("width", [1, 5, 15])
def test_a_frame_is_left_out(drawing: Picture, width: int) -> None:
    framed = np.pad(1 - drawing, width, constant_values=0.1)

    ink = extract(framed)

    assert np.allclose(ink.values, drawing / drawing.max(), atol=1e-6)


def test_fat_ink_that_covers_most_of_the_picture_is_no_paper() -> None:
    y, x = np.mgrid[-30:31, -30:31]
    radius = np.hypot(y, x)
    ring = np.where((radius > 8) & (radius < 29), 1, 0).astype(np.float32)

    ink = extract(ring)

    assert ring.mean() > 0.6
    assert np.array_equal(ink.values, ring)
    assert not ink.inverted


def test_grain_is_not_ink(drawing: Picture) -> None:
    grain = np.random.default_rng(0).normal(0, 0.03, drawing.shape)

    ink = extract(np.clip(on(0.8, drawing) + grain, 0, 1).astype(np.float32))

    assert np.median(ink.values[drawing == 0]) == 0
    assert ink.values[drawing == 0].mean() < 0.005
    assert ink.values[drawing == drawing.max()].mean() > 0.8


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (28, 28), (280, 280), (50, 70, 3)])
@pytest.mark.parametrize("level", [0, 0.3, 1])
def test_one_colour_is_blank(shape: tuple[int, ...], level: float) -> None:
    with pytest.raises(UnusableImage) as caught:
        extract(np.full(shape, level, np.float32))

    assert caught.value.kind == "image_blank"


@pytest.mark.parametrize("deviation", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("shape", [(28, 28), (280, 280), (280, 280, 3)])
def test_noise_is_blank(shape: tuple[int, ...], deviation: float) -> None:
    noise = np.random.default_rng(0).normal(0.5, deviation, shape)

    with pytest.raises(UnusableImage) as caught:
        extract(np.clip(noise, 0, 1).astype(np.float32))

    assert caught.value.kind == "image_blank"
