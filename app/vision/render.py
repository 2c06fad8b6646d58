"""Arrays → PNG: what a page shows of what a network saw."""

import base64
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def png(image: NDArray[np.floating]) -> bytes:
    """An image (height, width) in 0..1 as an 8-bit greyscale PNG; what lies outside is clipped."""
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(levels).save(buffer, "PNG")
    return buffer.getvalue()


def data_url(image: NDArray[np.floating]) -> str:
    """The same as the address of an `<img>`."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")
