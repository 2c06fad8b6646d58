"""Images become what MNIST has: MNIST's own unchanged, all others by the rule that made it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from app.domain.datasets import Split
from app.domain.errors import UnusableImage
from app.store import mnist
from app.vision import render
from app.vision.prepare import prepare, prepare_picture

Encode = Callable[..., bytes]
Images = NDArray[np.uint8]
LEVELS = st.floats(0, 1, width=32)


def canvas(digit: Images, factor: int = 6, margin: int = 0) -> Image.Image:
    """A digit enlarged smoothly, light on dark, with room around it."""
    size = 28 * factor
    big = Image.fromarray(digit).resize((size, size), Image.Resampling.BILINEAR)
    paper = Image.new("L", (size + 2 * margin, size + 2 * margin), 0)
    paper.paste(big, (margin, margin))
    return paper


def coloured(
    picture: Image.Image,
    ink: tuple[int, int, int] = (20, 20, 120),
    paper: tuple[int, int, int] = (250, 230, 90),
) -> Image.Image:
    """Dark blue ink on yellow paper, if nothing else is said."""
    size = picture.size
    return Image.composite(Image.new("RGB", size, ink), Image.new("RGB", size, paper), picture)


def transparent(picture: Image.Image, ink: tuple[int, int, int]) -> Image.Image:
    layer = Image.new("RGBA", picture.size, (*ink, 0))
    layer.putalpha(picture)
    return layer


def off_centre(picture: Image.Image) -> Image.Image:
    paper = Image.new("L", (picture.width * 2, picture.height * 3), 0)
    paper.paste(picture, (picture.width, 7))
    return paper


def with_orientation(picture: Image.Image) -> Image.Image:
    """Lying on its side, with the mark that says so."""
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    turned.getexif()[0x0112] = 6
    return turned


def jagged(digit: Images) -> Image.Image:
    return Image.fromarray(digit.repeat(10, axis=0).repeat(10, axis=1))


def inverted(picture: Image.Image) -> Image.Image:
    return Image.fromarray(255 - np.asarray(picture))


def deep(picture: Image.Image) -> NDArray[np.uint16]:
    """Sixteen bits."""
    return np.asarray(picture).astype(np.uint16) * 257


def noisy(picture: Image.Image) -> Image.Image:
    """Dark on light, with grain all over, about 3 % of the contrast."""
    grain = np.random.default_rng(0).normal(0, 8, (picture.height, picture.width))
    return Image.fromarray(
        np.clip(240 - 0.9 * np.asarray(picture) + grain, 0, 255).astype(np.uint8)
    )


def on_squared_paper(picture: Image.Image) -> Image.Image:
    """Dark ink over lines that are fainter."""
    paper = Image.new("L", (picture.width + 80, picture.height + 80), 250)
    draw = ImageDraw.Draw(paper)
    for at in range(15, max(paper.size), 40):
        draw.line([at, 0, at, paper.height], fill=215, width=2)
        draw.line([0, at, paper.width, at], fill=215, width=2)
    paper.paste(30, (40, 40, 40 + picture.width, 40 + picture.height), picture)
    return paper


SAME, JAGGED, SMOOTH = 1 / 255, 0.015, 0.04
"""The mean difference to the original, over all pixels and digits, that is allowed to a picture of
the same scale, to one moved or of enlarged pixels, and to one smoothed while it was enlarged. To
compare: a shift by one pixel makes 0.06, another digit 0.16."""

VARIANTS: dict[str, tuple[float, Callable[[Images, Encode], bytes]]] = {
    "inverted": (SAME, lambda digit, encode: encode(255 - digit)),
    "coloured": (SAME, lambda digit, encode: encode(coloured(canvas(digit, 1)))),
    "red on equally bright green": (
        SAME,
        lambda digit, encode: encode(coloured(canvas(digit, 1), (255, 0, 0), (0, 130, 0))),
    ),
    "black on transparent": (
        SAME,
        lambda digit, encode: encode(transparent(canvas(digit, 1), (0, 0, 0))),
    ),
    "white on transparent": (
        SAME,
        lambda digit, encode: encode(transparent(canvas(digit, 1), (255, 255, 255))),
    ),
    "off-centre": (JAGGED, lambda digit, encode: encode(off_centre(canvas(digit, 1)))),
    "16 bits": (SAME, lambda digit, encode: encode(deep(inverted(canvas(digit, 1))))),
    "jagged": (JAGGED, lambda digit, encode: encode(jagged(digit))),
    "enlarged": (SMOOTH, lambda digit, encode: encode(canvas(digit))),
    "enlarged and off-centre": (SMOOTH, lambda digit, encode: encode(off_centre(canvas(digit)))),
    "enlarged, red on transparent": (
        SMOOTH,
        lambda digit, encode: encode(transparent(canvas(digit), (200, 30, 30))),
    ),
    "tiny": (SMOOTH, lambda digit, encode: encode(canvas(digit, factor=2, margin=300))),
    "huge": (
        SMOOTH,
        lambda digit, encode: encode(inverted(canvas(digit, factor=60)), compress_level=1),
    ),
    "lying on its side": (
        SMOOTH,
        lambda digit, encode: encode(
            picture := with_orientation(canvas(digit)), "PNG", exif=picture.getexif()
        ),
    ),
    "JPEG": (SMOOTH, lambda digit, encode: encode(inverted(canvas(digit)), "JPEG")),
    "JPEG in CMYK": (
        SMOOTH,
        lambda digit, encode: encode(coloured(canvas(digit)).convert("CMYK"), "JPEG", quality=90),
    ),
    "WebP": (SMOOTH, lambda digit, encode: encode(coloured(canvas(digit)), "WEBP")),
    "GIF": (SMOOTH, lambda digit, encode: encode(canvas(digit), "GIF")),
    "palette": (SMOOTH, lambda digit, encode: encode(coloured(canvas(digit)).quantize(16))),
    "on squared paper": (SMOOTH, lambda digit, encode: encode(on_squared_paper(canvas(digit)))),
    "noisy": (SMOOTH, lambda digit, encode: encode(noisy(canvas(digit)))),
}


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_image_of_mnist_passes_unchanged(split: Split) -> None:
    for digit in mnist.read(split).images[:, 0]:
        picture = digit.astype(np.float32) / np.float32(255)

        prepared = prepare_picture(picture)

        assert np.array_equal(prepared.image, picture)
        assert prepared.warnings == ()


def test_so_does_a_file_of_it(digits: Images, encode: Encode) -> None:
    for digit in digits[:300]:
        prepared = prepare(encode(digit))

        assert np.array_equal(prepared.image, digit.astype(np.float32) / np.float32(255))
        assert prepared.warnings == ()


@pytest.mark.parametrize("name", VARIANTS)
def test_a_digit_comes_back_whatever_was_done_to_its_picture(
    name: str, digits: Images, encode: Encode
) -> None:
    allowed, change = VARIANTS[name]

    distances = [
        np.abs(prepare(change(digit, encode)).image - digit / 255).mean() for digit in digits[:30]
    ]

    assert np.mean(distances) < allowed


def test_what_was_turned_is_said(digits: Images, encode: Encode) -> None:
    assert prepare(encode(255 - digits[0])).warnings == ("inverted",)


def test_a_digit_that_is_cut_is_named(digits: Images, encode: Encode) -> None:
    cut = canvas(digits[0]).crop((0, 0, 168, 90))

    assert prepare(encode(cut)).warnings == ("cut_off",)


def test_two_digits_are_named(digits: Images, encode: Encode) -> None:
    both = np.hstack([np.asarray(canvas(digits[0])), np.asarray(canvas(digits[1]))])

    assert "several_blobs" in prepare(encode(both)).warnings


def test_a_hairline_is_named_and_drawn_anew(encode: Encode) -> None:
    sheet = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(sheet).line([(80, 60), (200, 60), (130, 250)], fill=0, width=1)

    prepared = prepare(encode(sheet))

    assert prepared.warnings == ("inverted", "thin_pen")
    assert prepared.image.mean() > 0.07  # a line of one pixel in the box makes 0.04


def test_with_none_a_picture_is_only_made_grey_and_small(digits: Images, encode: Encode) -> None:
    dark = prepare(encode(255 - digits[0]), mode="none")
    wide = prepare(encode(canvas(digits[0]).resize((560, 280))), mode="none")

    assert np.array_equal(dark.image, (255 - digits[0]).astype(np.float32) / np.float32(255))
    assert np.abs(wide.image - digits[0] / 255).mean() < SMOOTH
    assert (dark.warnings, wide.warnings) == ((), ())


def test_with_none_nothing_is_too_blank(encode: Encode) -> None:
    picture = Image.new("RGB", (90, 30), (255, 0, 0))

    image = prepare(encode(picture), mode="none").image

    assert np.allclose(image, 0.299)


def test_a_grey_level_more_or_less_makes_no_difference_to_the_form(digits: Images) -> None:
    rng = np.random.default_rng(0)
    for digit in digits[:300]:
        off = np.clip(digit + rng.integers(-1, 2, digit.shape), 0, 255).astype(np.float32) / 255

        assert np.array_equal(prepare_picture(off).image, off)


@pytest.mark.parametrize("name", VARIANTS)
def test_what_was_prepared_once_passes_unchanged(name: str, digits: Images, encode: Encode) -> None:
    for digit in digits[:5]:
        once = prepare(VARIANTS[name][1](digit, encode)).image

        again = prepare(render.png(once))

        assert np.array_equal(again.image, once)
        assert again.warnings == ()


@given(
    picture=st.one_of(
        arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=LEVELS),
        arrays(
            np.float32,
            st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(3)),
            elements=LEVELS,
        ),
    )
)
@settings(max_examples=300, deadline=None)
def test_any_picture_becomes_a_digit_or_is_called_blank(picture: NDArray[np.float32]) -> None:
    try:
        image = prepare_picture(picture).image
    except UnusableImage:
        return

    assert image.shape == (28, 28)
    assert image.dtype == np.float32
    assert np.all((image >= 0) & (image <= 1))
    assert image.max() > 0.5
