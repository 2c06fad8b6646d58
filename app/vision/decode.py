"""Bytes of an image → an upright picture of plain numbers.

Formats, limits, orientation, bit depth and transparency end here: past this file a picture is a
float array and nothing else. Which of its pixels are ink is for ink.py to say.
"""

import contextlib
import math
import re
import warnings
from io import BytesIO
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from app.domain.errors import UnusableImage

Picture = NDArray[np.float32]

MAX_PIXELS = 16_000_000
"""More than a phone's photo once scaled for mail, and still decoded in about a second."""

_ENOUGH_PIXELS = 2_000_000
"""Bigger pictures are averaged down to about this: a digit 3 % as tall as such a picture still has
40 rows, twice what MNIST keeps."""

_FEW = 4096
"""Bytes, and pixels, of an image that is read at once."""

_LONGEST = 4096
"""Nor is a side longer than this."""

_ALLOWED = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
_SIGNATURE = re.compile(
    rb"""(?P<PNG>\x89PNG\r\n\x1a\n)
       | (?P<JPEG>\xff\xd8\xff)
       | (?P<GIF>GIF8[79]a)
       | (?P<BMP>BM)
       | (?P<TIFF>II[*+]\0|MM\0[*+])
       | (?P<WEBP>RIFF....WEBP)
       | (?P<HEIC>....ftyp(?:heic|heix|hevc|mif1|msf1))
       | (?P<AVIF>....ftypavi[fs])
       | (?P<PDF>%PDF-)
       | (?P<SVG>\s*<(?:\?xml|svg))
       | (?P<PSD>8BPS)
       | (?P<ICO>\0\0\1\0)
    """,
    re.DOTALL | re.VERBOSE,
)

# Pillow warns of metadata that it cannot make sense of, though the pixels are fine, and would do so
# on the server's stderr. The filter is set once: warnings.catch_warnings swaps a list that
# all threads share.
warnings.filterwarnings("ignore", module=r"PIL\.")


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The first frame of an encoded image, upright, in mode L, F (0..1), RGB or RGBA.

    A picture of more than two million pixels comes averaged down by a whole factor. Pillow's own
    limit on pixels, twice its `Image.MAX_IMAGE_PIXELS`, holds whatever `max_pixels` is.

    Raises:
        UnusableImage: `image_format` if the bytes are in no allowed format, `image_too_large` if
            the header announces more than `max_pixels` (nothing is decoded then), and
            `image_unreadable` if they are damaged or cut off.
    """
    name = _format(data)
    try:
        with Image.open(BytesIO(data), formats=[name]) as image:
            width, height = image.size
            if width * height > max_pixels:
                _refuse_size(f"{width}×{height} = {width * height:,} pixels", max_pixels)
            reduced = _reduced(image)
            # Most have nothing that could turn them; only TIFF has its orientation elsewhere.
            return _upright(reduced) if image.info or name == "TIFF" else reduced
    except UnusableImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        _refuse_size(f"over {Image.MAX_IMAGE_PIXELS:,} pixels", max_pixels)
    except Exception as error:
        # Damaged bytes make Pillow raise nearly anything: OSError, SyntaxError, ValueError,
        # struct.error, EOFError, zlib.error, OverflowError, ...
        raise UnusableImage(
            f"The {name} image of {len(data):,} bytes is damaged or cut off and cannot be decoded; "
            "export it once more, or send it as PNG.",
            "image_unreadable",
        ) from error


def is_small(data: bytes) -> bool:
    """Whether an image is read faster than a thread is found for it: a PNG of few pixels."""
    if len(data) > _FEW or not data.startswith(b"\x89PNG"):
        return False
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    return width * height <= _FEW


def pixels(image: Image.Image) -> Picture:
    """A decoded image in 0..1: (height, width) if all of it is grey, else (height, width, 3).

    What is transparent is filled so that the drawing stands out.
    """
    if image.mode == "F":
        return np.asarray(image)
    if image.mode == "RGBA":
        image = _on_paper(image)
    values = np.frombuffer(image.tobytes(), np.uint8).reshape(image.height, image.width, -1)
    if values.shape[2] == 1 or _is_grey(values):
        values = values[..., 0]
    return values.astype(np.float32, order="C") / np.float32(255)


def _is_grey(values: NDArray[np.uint8]) -> bool:
    red, green, blue = np.moveaxis(values, -1, 0)
    return np.array_equal(red, green) and np.array_equal(green, blue)


def luminance(picture: Picture) -> Picture:
    """A picture's brightness, (height, width) in 0..1, by the weights of ITU-R BT.601."""
    if picture.ndim == 2:
        return picture
    return picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _format(data: bytes) -> str:
    signature = _SIGNATURE.match(data)
    name = signature and signature.lastgroup
    if name in _ALLOWED:
        return name
    got = f"is in the format {name}" if name else f"has no known format ({len(data):,} bytes)"
    raise UnusableImage(
        f"The image {got}; PNG, JPEG, GIF, BMP, TIFF and WebP are read. Convert it to one of them.",
        "image_format",
    )


def _refuse_size(got: str, max_pixels: int) -> NoReturn:
    raise UnusableImage(
        f"The image has {got}; at most {max_pixels:,} are read. Scale it down and send it again.",
        "image_too_large",
    )


def _reduced(image: Image.Image) -> Image.Image:
    factor = _excess(image)
    if factor > 1:  # a JPEG can leave out detail while it is decoded, by 2, 4 or 8
        image.draft(None, (max(1, image.width // factor), max(1, image.height // factor)))
    image.load()
    plain = _plain(image)
    factor = _excess(plain)
    if factor > 1:
        plain = plain.reduce((min(factor, plain.width), min(factor, plain.height)))
    if plain.mode == "F":
        values = _unit_range(np.asarray(plain), white=65535 if "16" in image.mode else None)
        plain = Image.fromarray(values)
    return plain


def _excess(image: Image.Image) -> int:
    """The whole factor by which the sides are longer than needed."""
    width, height = image.size
    return math.ceil(
        max(math.sqrt(width * height / _ENOUGH_PIXELS), width / _LONGEST, height / _LONGEST)
    )


def _upright(image: Image.Image) -> Image.Image:
    with contextlib.suppress(Exception):  # an orientation that cannot be read: as it stands
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _plain(image: Image.Image) -> Image.Image:
    """The same picture in one of four modes."""
    if image.mode.startswith(("I", "F")):
        return image.convert("F")
    if image.has_transparency_data:
        return image.convert("RGBA")
    mode = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _unit_range(values: Picture, white: float | None) -> Picture:
    """Deep pixels in 0..1: 16 bits have a known white, 32 bits and floats only their own range."""
    if white is not None:
        return values / np.float32(white)
    finite = values[np.isfinite(values)].astype(np.float64)
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    wide = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    return ((wide - low) / (high - low or 1.0)).astype(np.float32)


def _on_paper(image: Image.Image) -> Image.Image:
    """An RGBA image laid on an opaque ground from which its drawing stands out."""
    mask = image.getchannel("A")
    alpha = np.asarray(mask)
    if alpha.min() == 255:
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, _ground(image, alpha > alpha.max() // 2))
    ground.paste(image, mask=mask)
    return ground


def _ground(image: Image.Image, visible: NDArray[np.bool_]) -> tuple[int, int, int]:
    """The colour to put behind a drawing, judged by its visible pixels."""
    white, black = (255, 255, 255), (0, 0, 0)
    if not visible.any():
        return white
    brightness = np.asarray(image.convert("L"))
    ink = brightness[visible]
    if np.ptp(ink) < 64:  # strokes of one colour: their contrary
        return white if ink.mean() < 128 else black
    edge = _edge(visible)
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    box = visible[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if box.mean() > 0.5:  # a sheet of paper with ink on it: more of the paper
        red, green, blue, _ = np.median(np.asarray(image)[edge], axis=0)
        return (int(red), int(green), int(blue))
    # Strokes cut out of a picture: a rim of the former ground is left on them.
    return white if brightness[edge].mean() > ink.mean() else black


def _edge(visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The visible pixels beside an invisible one, or all if there is none."""
    inner = visible.copy()
    inner[1:] &= visible[:-1]
    inner[:-1] &= visible[1:]
    inner[:, 1:] &= visible[:, :-1]
    inner[:, :-1] &= visible[:, 1:]
    edge = visible & ~inner
    return edge if edge.any() else visible
