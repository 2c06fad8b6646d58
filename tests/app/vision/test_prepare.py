"""Images become what MNIST has: MNIST's own unchanged, all others by the rule that made it."""

import struct
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from app.domain.errors import UnusableImage
from app.vision.normalize import in_mnist_form, normalize
from app.vision.prepare import prepare, prepare_picture

Encode = Callable[..., bytes]
Images = NDArray[np.uint8]
KINDS = {"image_format", "image_too_large", "image_unreadable", "image_blank"}


def canvas(digit: Images, factor: int = 10, margin: int = 0) -> Image.Image:
    """A digit enlarged smoothly, light on dark, with room around it."""
    size = 28 * factor
    big = Image.fromarray(digit).resize((size, size), Image.Resampling.BILINEAR)
    paper = Image.new("L", (size + 2 * margin, size + 2 * margin), 0)
    paper.paste(big, (margin, margin))
    return paper


def coloured(picture: Image.Image) -> Image.Image:
    """Dark blue ink on yellow paper."""
    ink = Image.new("RGB", picture.size, (20, 20, 120))
    paper = Image.new("RGB", picture.size, (250, 230, 90))
    return Image.composite(ink, paper, picture)


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


VARIANTS: dict[str, Callable[[Images, Encode], bytes]] = {
    "enlarged": lambda digit, encode: encode(canvas(digit)),
    "inverted": lambda digit, encode: encode(255 - np.asarray(canvas(digit))),
    "inverted and small": lambda digit, encode: encode(255 - digit),
    "coloured": lambda digit, encode: encode(coloured(canvas(digit))),
    "black on transparent": lambda digit, encode: encode(transparent(canvas(digit), (0, 0, 0))),
    "white on transparent": lambda digit, encode: encode(
        transparent(canvas(digit), (255, 255, 255))
    ),
    "off-centre": lambda digit, encode: encode(off_centre(canvas(digit))),
    "tiny": lambda digit, encode: encode(canvas(digit, factor=2, margin=300)),
    "huge": lambda digit, encode: encode(canvas(digit, factor=60)),
    "lying on its side": lambda digit, encode: encode(
        picture := with_orientation(canvas(digit)), "PNG", exif=picture.getexif()
    ),
    "JPEG": lambda digit, encode: encode(canvas(digit), "JPEG", quality=80),
    "GIF": lambda digit, encode: encode(canvas(digit), "GIF"),
    "BMP": lambda digit, encode: encode(canvas(digit), "BMP"),
    "TIFF": lambda digit, encode: encode(canvas(digit), "TIFF"),
    "WebP": lambda digit, encode: encode(canvas(digit), "WEBP", lossless=True),
    "palette": lambda digit, encode: encode(canvas(digit).convert("P")),
    "16 bits": lambda digit, encode: encode(
        Image.fromarray(np.asarray(canvas(digit)).astype(np.uint16) * 257)
    ),
    "CMYK": lambda digit, encode: encode(
        coloured(canvas(digit)).convert("CMYK"), "JPEG", quality=90
    ),
}

CLOSE = 0.04
"""How far a variant may be from the original, a mean over all pixels; a pixel's shift is 0.1."""


def test_every_test_image_is_in_mnists_form(digits: Images) -> None:
    pictures = digits.astype(np.float32) / 255

    assert all(in_mnist_form(picture) for picture in pictures)


def test_mnists_own_images_pass_unchanged(digits: Images, encode: Encode) -> None:
    for digit in digits[:300]:
        prepared = prepare(encode(digit))

        assert np.array_equal(prepared.image, digit.astype(np.float32) / np.float32(255))
        assert prepared.warnings == ()


@pytest.mark.parametrize("name", VARIANTS)
def test_a_digit_comes_back_whatever_was_done_to_its_picture(
    name: str, digits: Images, encode: Encode
) -> None:
    distances = []
    for digit in digits[:40]:
        prepared = prepare(VARIANTS[name](digit, encode))
        distances.append(np.abs(prepared.image - digit / 255).mean())

    assert np.median(distances) < CLOSE


def test_what_was_turned_is_said(digits: Images, encode: Encode) -> None:
    assert prepare(encode(255 - digits[0])).warnings == ("inverted",)


def test_ink_at_the_border_is_named(digits: Images, encode: Encode) -> None:
    cut = canvas(digits[0]).crop((0, 0, 280, 150))

    assert "cut_off" in prepare(encode(cut)).warnings


def test_two_digits_are_named(digits: Images, encode: Encode) -> None:
    both = np.hstack([np.asarray(canvas(digits[0])), np.asarray(canvas(digits[1]))])

    assert "several_blobs" in prepare(encode(both)).warnings


def test_with_none_a_picture_is_only_made_grey_and_small(digits: Images, encode: Encode) -> None:
    dark = prepare(encode(255 - digits[0]), mode="none")
    big = prepare(encode(canvas(digits[0])), mode="none")

    assert np.array_equal(dark.image, (255 - digits[0]).astype(np.float32) / np.float32(255))
    assert np.abs(big.image - digits[0] / 255).mean() < CLOSE


def test_the_rule_gives_what_was_measured_on_mnist(digits: Images) -> None:
    for digit in digits[:200]:
        shifted = np.roll(digit, (3, -2), axis=(0, 1)).astype(np.float32) / 255
        image = prepare_picture(np.kron(shifted, np.ones((4, 4), np.float32))).image

        rows, columns = np.nonzero(image)
        assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 20
        assert image.max() >= 254 / 255
        total = image.sum()
        assert 13.4 < (image.sum(axis=1) @ np.arange(28)) / total < 14.6


def test_normalizing_twice_changes_nothing(digits: Images) -> None:
    for digit in digits[:100]:
        once = normalize(np.kron(digit.astype(np.float32) / 255, np.ones((3, 3), np.float32)))

        assert np.array_equal(normalize(once), once)


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("L", (28, 28), 0),
        Image.new("L", (280, 280), 255),
        Image.new("RGB", (50, 70), (12, 200, 90)),
        Image.new("RGBA", (64, 64), (0, 0, 0, 0)),
        Image.new("L", (1, 1), 77),
    ],
)
def test_a_blank_picture_is_refused(picture: Image.Image, encode: Encode) -> None:
    with pytest.raises(UnusableImage) as caught:
        prepare(encode(picture))

    assert caught.value.kind == "image_blank"


def test_faint_noise_is_no_drawing(encode: Encode) -> None:
    noise = np.random.default_rng(0).normal(200, 2, (200, 200)).astype(np.uint8)

    with pytest.raises(UnusableImage) as caught:
        prepare(encode(noise))

    assert caught.value.kind == "image_blank"


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(4001, 4000), (1, 100_000_000), (65535, 65535)])
def test_too_large_a_picture_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    content = png_header(width, height)

    tracemalloc.start()
    with pytest.raises(UnusableImage) as caught:
        prepare(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert caught.value.kind == "image_too_large"
    assert peak < 1_000_000


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"%PDF-1.7", b"<svg></svg>", b"\0" * 100, b"GIF89a", b"\x89PNG"]
)
def test_what_is_no_image_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(UnusableImage, match=r"PNG") as caught:
        prepare(content)

    assert caught.value.kind in {"image_format", "image_unreadable"}


@given(data=st.data())
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_files_are_read_or_refused(
    data: st.DataObject, digits: Images, encode: Encode
) -> None:
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
    content = bytearray(encode(canvas(digits[0], factor=2), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))

    try:
        prepared = prepare(bytes(content[:cut]))
    except UnusableImage as error:
        kinds = KINDS
        if error.kind not in kinds:
            raise
        return

    assert prepared.image.shape == (28, 28)
    assert np.isfinite(prepared.image).all()
