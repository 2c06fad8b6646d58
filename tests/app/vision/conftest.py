"""MNIST's own images, and pictures made of them."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from app.store import mnist

Encode = Callable[..., bytes]
Images = NDArray[np.uint8]


@pytest.fixture(scope="session")
def digits() -> Images:
    """The 10,000 test images (10000, 28, 28), bytes."""
    return mnist.read("test").images[:, 0]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """A Pillow image, or an array of bytes, as a file."""

    def encode_one(image: Image.Image | Images, kind: str = "PNG", **options: object) -> bytes:
        picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
        buffer = BytesIO()
        picture.save(buffer, kind, **options)
        return buffer.getvalue()

    return encode_one
