"""An image as a dataset keeps it: a byte a number."""

import numpy as np
from numpy.typing import NDArray

from app.vision.decode import Picture, decode, pixels
from app.vision.normalize import SIDE
from app.vision.prepare import prepare_picture


def as_it_is(content: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """An image of a folder: 28×28 and grey as it is, anything else as MNIST would have it.

    Raises:
        UnusableImage: It cannot be read, or nothing is drawn on it.
    """
    picture = pixels(decode(content, max_pixels=max_pixels))
    if picture.shape != (SIDE, SIDE):
        picture = prepare_picture(picture).image
    return levels(picture)


def levels(picture: Picture) -> NDArray[np.uint8]:
    """What is 0..1 as 0..255."""
    return np.rint(picture * 255).astype(np.uint8)
