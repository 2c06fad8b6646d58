"""Images that are bombs, are cut off, lie about themselves, or are merely odd."""

import io
import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.hostile.forms import multipart
from tests.hostile.json_bodies import Document
from tests.hostile.wire import JSON, Named, Request

READ = frozenset({200, 201})
REFUSED = frozenset({400, 413, 415, 422})
EITHER = READ | REFUSED

Images = Iterator[tuple[str, bytes, frozenset[int]]]


def chunk(kind: bytes, content: bytes) -> bytes:
    """A piece of a PNG."""
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png(
    width: int, height: int, rows: bytes, *more: bytes, depth: int = 8, colour: int = 0
) -> bytes:
    """A PNG of what may be anything."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + body + chunk(b"IEND", b"")


def digit() -> Image.Image:
    """A stroke on an empty ground."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[6:22, 13:16] = 255
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")


def bombs() -> Images:
    """Few bytes that would become many."""
    sizes = ((65535, 65535), (12_000, 12_000), (1, 10**8), (10**8, 1), (2**31 - 1, 2**31 - 1))
    for width, height in sizes:
        yield f"{width}×{height} announced", png(width, height, b"\0" * 100), REFUSED
    yield "0×0", png(0, 0, b""), REFUSED
    yield "0×5", png(0, 5, b""), REFUSED
    yield "more pixels than announced", png(28, 28, b"\0" * 20_000_000), EITHER
    yield "16 megapixels, black", png(4000, 4000, b"\0" * 4001 * 4000), REFUSED
    grown = zlib.compress(b"\0" * 100_000_000, 9)
    for kind, content in (
        (b"iCCP", b"a\0\0" + grown),
        (b"zTXt", b"a\0\0" + grown),
        (b"iTXt", b"a\0\1\0\0\0" + grown),
    ):
        bomb = png(28, 28, _rows(28), chunk(kind, content))
        yield f"{kind.decode()} that grows", bomb, EITHER
    yield "many chunks", png(28, 28, _rows(28), chunk(b"tEXt", b"a\0b") * 20_000), EITHER
    for form in ("GIF", "PNG", "TIFF", "WEBP"):
        frames = [digit()] + [Image.new("L", (28, 28), i % 200) for i in range(200)]
        many = encoded(frames[0], form, save_all=True, append_images=frames[1:])
        yield f"{form} of 200 frames", many, EITHER
    bmp = bytearray(encoded(digit(), "BMP"))
    for width, height in ((2**31 - 1, 1), (-1, 28), (28, -(2**31)), (0, 0)):
        struct.pack_into("<ii", bmp, 18, width, height)
        yield f"BMP of {width}×{height}", bytes(bmp), REFUSED
    gif = bytearray(encoded(digit(), "GIF"))
    struct.pack_into("<HH", gif, 6, 65535, 65535)
    yield "GIF of 65535×65535", bytes(gif), REFUSED


def _rows(side: int) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in np.asarray(digit().resize((side, side))))


def cut() -> Images:
    """A small image of each format, ended at every offset."""
    for form in FORMATS:
        whole = encoded(digit().resize((8, 8)), form)
        for end in range(0, len(whole), max(1, len(whole) // 200)):
            yield f"{form} cut at {end}", whole[:end], EITHER


def damaged() -> Images:
    """A small image of each format, with every so many a byte changed."""
    for form in FORMATS:
        whole = encoded(digit(), form)
        for place in range(0, len(whole), max(1, len(whole) // 120)):
            changed = bytearray(whole)
            changed[place] ^= 0xFF
            yield f"{form} damaged at {place}", bytes(changed), EITHER


def odd() -> Images:
    """What is unusual and has to be read, and what only looks like an image."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield f"PNG in mode {mode}", encoded(digit().convert(mode), "PNG"), READ
    for mode in ("CMYK", "YCbCr", "L", "RGB"):
        yield f"JPEG in mode {mode}", encoded(digit().convert(mode), "JPEG"), READ
    for mode in ("F", "I", "CMYK", "LAB", "1"):
        yield (
            f"TIFF in mode {mode}",
            encoded(
                digit()
                .convert("RGB" if mode == "LAB" else "L")
                .convert(mode if mode != "LAB" else "RGB"),
                "TIFF",
            ),
            READ,
        )
    for orientation in range(10):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"orientation {orientation}", encoded(digit(), "JPEG", exif=exif), READ
    clear = digit().convert("P")
    yield "a colour that is transparent", encoded(clear, "PNG", transparency=0), READ
    yield "one pixel", encoded(Image.new("L", (1, 1), 255), "PNG"), EITHER
    yield "one row of 4096", encoded(Image.new("L", (4096, 1), 255), "PNG"), EITHER
    yield "nothing drawn", encoded(Image.new("L", (28, 28)), "PNG"), REFUSED
    yield "with a tail", encoded(digit(), "PNG") + b"PK\x05\x06" + b"\0" * 18, EITHER
    yield "GIF and HTML", encoded(digit(), "GIF") + b"<script>alert(1)</script>", EITHER
    yield "empty", b"", REFUSED
    for name, magic in _OTHERS.items():
        yield f"{name}'s first bytes", magic + b"\0" * 200, REFUSED
    for form in FORMATS:
        for other in FORMATS:
            head = encoded(digit(), form)[:12]
            yield f"{form} before {other}", head + encoded(digit(), other)[12:], EITHER
    yield (
        "an SVG",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
        REFUSED,
    )
    yield (
        "Postscript",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run",
        REFUSED,
    )


_OTHERS = {
    "PSD": b"8BPS\0\1",
    "FITS": b"SIMPLE  =                    T",
    "ICNS": b"icns",
    "ICO": b"\0\0\1\0\1\0",
    "HEIC": b"\0\0\0\x18ftypheic",
    "AVIF": b"\0\0\0\x18ftypavif",
    "PDF": b"%PDF-1.7",
    "EMF": b"\1\0\0\0",
    "SGI": b"\x01\xda",
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "ELF": b"\x7fELF",
    "zip": b"PK\3\4",
    "gzip": b"\x1f\x8b\x08",
}


def all_images() -> Images:
    for kind in (bombs, odd, cut, damaged):
        yield from kind()


def sent(document: Document) -> Named:
    """Every image, in turn by each of the ways in which one can be sent."""
    ways = (_as_body, _as_part, _as_text, _raw_tensor, _invocation, _sample)
    for number, (name, image, statuses) in enumerate(all_images()):
        way = ways[number % len(ways)]
        # Bombs and odd ones by every way, the long series by one way each.
        for one in ways if " cut at " not in name and " damaged " not in name else (way,):
            yield name, one(image, statuses)


def _as_body(image: bytes, statuses: frozenset[int]) -> Request:
    return Request("POST", "/v1/predict", image, {"Content-Type": "image/png"}, statuses)


def _as_part(image: bytes, statuses: frozenset[int]) -> Request:
    content, headers = multipart([("files", "a.png", image)])
    return Request("POST", "/v1/models/latest/predict", content, headers, statuses)


def _as_text(image: bytes, statuses: frozenset[int]) -> Request:
    body = {"instances": [{"b64": b64encode(image).decode()}]}
    return Request("POST", "/v1/predict", json.dumps(body).encode(), JSON, statuses)


def _raw_tensor(image: bytes, statuses: frozenset[int]) -> Request:
    headers = {"Inference-Header-Content-Length": "0"}
    # A body of 784 bytes, or of none, is something else there.
    return Request("POST", "/v2/models/latest/infer", image + b"\0", headers, EITHER)


def _invocation(image: bytes, statuses: frozenset[int]) -> Request:
    return Request("POST", "/invocations", image, {"Content-Type": "image/jpeg"}, statuses)


def _sample(image: bytes, statuses: frozenset[int]) -> Request:
    content, headers = multipart([("file", "a.png", image), ("label", None, b"7")])
    return Request("POST", "/v1/datasets/hostile/samples", content, headers, statuses)
