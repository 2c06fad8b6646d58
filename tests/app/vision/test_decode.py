"""Bytes of an image become numbers, or are refused in words."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from app.domain.errors import UnusableImage
from app.vision.decode import decode, luminance, pixels

Encode = Callable[..., bytes]
Images = NDArray[np.uint8]

UPRIGHT = [
    (1, None),
    (2, Image.Transpose.FLIP_LEFT_RIGHT),
    (3, Image.Transpose.ROTATE_180),
    (4, Image.Transpose.FLIP_TOP_BOTTOM),
    (5, Image.Transpose.TRANSPOSE),
    (6, Image.Transpose.ROTATE_90),
    (7, Image.Transpose.TRANSVERSE),
    (8, Image.Transpose.ROTATE_270),
]
"""Each EXIF orientation, and how the pixels must lie in the file so that it sets them upright."""


def chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png_without_pixels(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")


@pytest.fixture(scope="module")
def grey(digits: Images) -> Images:
    """A dark digit on white, 112 × 84 so that a turn shows."""
    large = Image.fromarray(255 - digits[0]).resize((112, 112), Image.Resampling.BILINEAR)
    return np.asarray(large.crop((14, 0, 98, 112)))


@pytest.fixture(scope="module")
def files(grey: Images, encode: Encode) -> list[bytes]:
    """One file of every kind."""
    image = Image.fromarray(grey)
    drawing = image.convert("RGBA")
    drawing.putalpha(Image.fromarray(255 - grey))
    colour, inverse = image.convert("RGB"), Image.fromarray(255 - grey)
    return [
        encode(image),
        encode(drawing),
        encode(image.quantize(8)),
        encode(grey.astype(np.uint16) * 257),
        encode(image.convert("1")),
        encode(image, "GIF", save_all=True, append_images=[inverse]),
        encode(image, "JPEG"),
        encode(colour, "JPEG", progressive=True),
        encode(image.convert("CMYK"), "JPEG"),
        encode(image, "BMP"),
        encode(image, "TIFF"),
        encode(image, "TIFF", compression="tiff_lzw"),
        encode(image.convert("1"), "TIFF", compression="group4"),
        encode(image.convert("F"), "TIFF"),
        encode(colour, "WEBP"),
        encode(drawing, "WEBP", save_all=True, append_images=[drawing]),
    ]


@pytest.mark.parametrize("name", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_lossless_format_keeps_every_grey_level(grey: Images, encode: Encode, name: str) -> None:
    picture = pixels(decode(encode(grey, name)))

    assert np.array_equal(picture, grey.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize("name", ["JPEG", "WEBP"])
def test_a_lossy_format_keeps_them_nearly(grey: Images, encode: Encode, name: str) -> None:
    picture = luminance(pixels(decode(encode(grey, name, quality=95))))

    assert np.abs(picture * 255 - grey).mean() < 2


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "CMYK", "YCbCr", "LAB", "I", "F"])
def test_every_colour_mode_of_a_grey_picture_is_read_as_grey(
    grey: Images, encode: Encode, mode: str
) -> None:
    image = Image.fromarray(grey)
    image = image.convert("RGB").convert(mode) if mode == "LAB" else image.convert(mode)

    picture = luminance(pixels(decode(encode(image, "TIFF"))))

    assert np.abs(picture * 255 - grey).max() <= 2


@pytest.mark.parametrize("kind", ["<u2", ">u2"])
def test_sixteen_bits_reach_from_black_to_white(encode: Encode, kind: str) -> None:
    levels = np.arange(65536).reshape(256, 256).astype(kind)

    picture = pixels(decode(encode(levels, "TIFF")))

    assert np.array_equal(picture, levels.astype(np.float32) / np.float32(65535))


def test_a_float_image_may_hold_anything(encode: Encode) -> None:
    values = np.array([[np.nan, np.inf], [-np.inf, 3.0], [-3e38, 3e38]], dtype=np.float32)

    picture = pixels(decode(encode(values, "TIFF")))

    assert np.allclose(picture, np.array([[0, 1], [0, 0.5], [0, 1]]))


def test_one_bit_is_black_or_white(grey: Images, encode: Encode) -> None:
    picture = pixels(decode(encode(Image.fromarray(grey > 127))))

    assert np.array_equal(picture, grey > 127)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize(("orientation", "turn"), UPRIGHT)
def test_the_orientation_flag_is_obeyed(
    grey: Images, encode: Encode, name: str, orientation: int, turn: Image.Transpose | None
) -> None:
    image = Image.fromarray(grey).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = image if turn is None else image.transpose(turn)

    picture = luminance(pixels(decode(encode(stored, name, exif=exif))))

    assert picture.shape == grey.shape
    assert np.abs(picture * 255 - grey).mean() < 4


def test_metadata_that_cannot_be_read_is_neither_an_obstacle_nor_printed(
    grey: Images, encode: Encode
) -> None:
    # In a process of its own: here every warning is an error.
    data = encode(grey, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    script = f"from app.vision.decode import decode; print(decode({data!r}).size)"

    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert (run.stdout, run.stderr) == ("(84, 112)\n", "")


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_read(grey: Images, encode: Encode, name: str) -> None:
    frames = [Image.fromarray(values).convert("RGB") for values in (grey, 255 - grey)]

    data = encode(frames[0], name, save_all=True, append_images=frames[1:])

    assert np.abs(luminance(pixels(decode(data))) * 255 - grey).mean() < 4


@pytest.mark.parametrize(
    ("ink", "ground"),
    [((0, 0, 0), 1), ((160, 20, 20), 1), ((255, 255, 255), 0), ((250, 240, 90), 0)],
)
def test_strokes_on_transparency_lie_on_the_ground_that_they_stand_out_from(
    digits: Images, encode: Encode, ink: tuple[int, int, int], ground: int
) -> None:
    drawing = np.zeros((28, 28, 4), dtype=np.uint8)
    drawing[..., :3] = ink
    drawing[..., 3] = digits[0]

    picture = luminance(pixels(decode(encode(drawing))))

    assert picture[0, 0] == pytest.approx(ground)
    assert abs(picture - ground).max() > 0.4


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_one_colour_may_be_declared_transparent(grey: Images, encode: Encode, mode: str) -> None:
    image = Image.fromarray(grey)
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    white = {"L": 255, "RGB": (255, 255, 255), "P": image.getpixel((0, 0))}[mode]

    picture = luminance(pixels(decode(encode(image, transparency=white))))

    assert np.abs(picture * 255 - grey).max() <= 1


def test_transparency_around_a_sheet_becomes_more_of_the_sheet(
    grey: Images, encode: Encode
) -> None:
    sheet = Image.new("RGBA", (200, 160))
    sheet.paste(Image.fromarray(np.uint8(grey * 0.8 + 20)), (50, 20))

    picture = pixels(decode(encode(sheet)))

    assert picture[0, 0] == pytest.approx(224 / 255)


def test_an_invisible_image_is_one_colour(encode: Encode) -> None:
    picture = pixels(decode(encode(Image.new("RGBA", (9, 9)))))

    assert np.ptp(picture) == 0


@pytest.mark.parametrize("size", [(4000, 4000), (1, 16_000_000), (16_000_000, 1)])
def test_a_big_image_is_averaged_down(encode: Encode, size: tuple[int, int]) -> None:
    picture = pixels(decode(encode(Image.new("L", size, 40), compress_level=1)))

    assert picture.size <= 2_000_000
    assert max(picture.shape) <= 4096
    assert np.all(picture == np.float32(40) / np.float32(255))


def test_a_big_jpeg_is_averaged_down_alike(grey: Images, encode: Encode) -> None:
    large = Image.fromarray(grey).resize((3360, 4480), Image.Resampling.BICUBIC)

    as_jpeg, as_png = pixels(decode(encode(large, "JPEG"))), pixels(decode(encode(large)))

    assert as_jpeg.size <= 2_000_000
    again = Image.fromarray(as_jpeg).resize(as_png.shape[::-1], Image.Resampling.BOX)
    assert np.abs(np.asarray(again) - as_png).mean() < 0.01


@pytest.mark.parametrize(
    "size", [(1, 16_000_001), (1, 100_000_000), (100_000, 100_000), (2**31 - 1, 2**31 - 1)]
)
def test_too_many_pixels_are_refused_before_they_are_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(UnusableImage, match="at most 16,000,000") as caught:
        decode(png_without_pixels(*size))

    assert caught.value.kind == "image_too_large"


def test_the_limit_itself_is_allowed_and_can_be_chosen(grey: Images, encode: Encode) -> None:
    data = encode(grey)

    assert decode(data, max_pixels=grey.size).size == grey.shape[::-1]
    with pytest.raises(UnusableImage, match="84×112 = 9,408 pixels; at most 9,407"):
        decode(data, max_pixels=grey.size - 1)


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"", "0 bytes"),
        (b"seven", "5 bytes"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"RIFF\0\0\0\0WAVE", "12 bytes"),
    ],
)
def test_another_format_is_named_along_with_those_that_are_read(data: bytes, got: str) -> None:
    with pytest.raises(UnusableImage, match=f"{got}.*PNG, JPEG, GIF, BMP, TIFF and WebP") as caught:
        decode(data)

    assert caught.value.kind == "image_format"


def test_a_format_that_pillow_knows_but_the_list_does_not_is_refused(
    grey: Images, encode: Encode
) -> None:
    with pytest.raises(UnusableImage) as caught:
        decode(encode(grey, "PPM"))

    assert caught.value.kind == "image_format"


def test_a_file_that_is_cut_off_is_unreadable(grey: Images, encode: Encode) -> None:
    for name in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        data = encode(grey, name)

        with pytest.raises(UnusableImage, match=f"The {name} image of .* bytes") as caught:
            decode(data[: len(data) // 2])

        assert caught.value.kind == "image_unreadable"


@given(data=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_random_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(UnusableImage):
        decode(data)


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_read_or_refused_in_words(
    files: list[bytes], data: st.DataObject
) -> None:
    damaged = bytearray(data.draw(st.sampled_from(files), label="file"))
    for _ in range(data.draw(st.integers(0, 8), label="damages")):
        # Most of what a decoder believes stands at the beginning.
        span = min(len(damaged), data.draw(st.sampled_from([64, 512, 10**6])))
        damaged[data.draw(st.integers(0, span - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(1, len(damaged)), label="end")

    try:
        picture = pixels(decode(bytes(damaged[:end]), max_pixels=1_000_000))
    except UnusableImage:
        return

    assert picture.dtype == np.float32
    assert np.all((picture >= 0) & (picture <= 1))
