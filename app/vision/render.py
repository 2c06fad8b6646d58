"""Arrays → PNG: what a page shows of what a network saw."""

import base64
import math
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png(image: NDArray[np.floating]) -> bytes:
    """An image (height, width) in 0..1 as an 8-bit greyscale PNG; what lies outside is clipped."""
    return _encoded(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))


def sample(values: NDArray[np.uint8]) -> bytes:
    """A sample of a dataset as a PNG: in colour with three channels, else its first, in grey.

    Args:
        values: (channels, height, width), or (height, width), or flat, which is a square if it can.
    """
    if values.ndim == 3:
        return _encoded(np.moveaxis(values, 0, -1) if len(values) == 3 else values[0])
    if values.ndim == 2:
        return _encoded(values)
    side = math.isqrt(values.size)
    return _encoded(values.reshape((side, side) if side**2 == values.size else (1, -1)))


def _encoded(levels: NDArray[np.uint8]) -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.ascontiguousarray(levels)).save(buffer, "PNG")
    return buffer.getvalue()


def tiles(images: NDArray[np.floating], side: int = 32) -> NDArray[np.floating]:
    """Images (count, height, width) beside and below each other, 0 as grey, on a black grid.

    Args:
        images: Weights: each image by its own largest, so that its pattern shows.
        side: About how many pixels a tile is made wide, by repeating its own.
    """
    count, height, width = images.shape
    largest = np.abs(images).max(axis=(1, 2), keepdims=True)
    scaled = 0.5 + 0.5 * images / np.where(largest > 0, largest, 1)
    repeat = max(1, side // max(height, width))
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows, columns, height * repeat + 1, width * repeat + 1))
    for i, image in enumerate(scaled.repeat(repeat, axis=1).repeat(repeat, axis=2)):
        sheet[i // columns, i % columns, 1:, 1:] = image
    return sheet.swapaxes(1, 2).reshape(rows * sheet.shape[2], columns * sheet.shape[3])


def data_url(image: NDArray[np.floating]) -> str:
    """The same as the address of an `<img>`."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")
