"""An image as it was sent → what a network takes: the one way through the steps beside this file.

What a person may want to hear of it comes back as warnings, in these words:

- `inverted`: the ink was darker than the paper, and was turned;
- `cut_off`: the ink touches the border, so a part of the digit may be missing;
- `several_blobs`: two things stand side by side, perhaps two digits;
- `thin_pen`, `thick_pen`: the lines were drawn anew, as thick as MNIST's.
"""

from typing import Literal

from app.vision.blobs import without_specks
from app.vision.decode import MAX_PIXELS, Picture, decode, luminance, pixels
from app.vision.ink import extract
from app.vision.normalize import (
    SIDE,
    Prepared,
    average,
    extent,
    grey_levels,
    in_mnist_form,
    normalize,
)
from app.vision.pen import with_even_pen

Mode = Literal["auto", "none"]


def prepare(data: bytes, *, mode: Mode = "auto", max_pixels: int = MAX_PIXELS) -> Prepared:
    """The encoded image `data` as (28, 28) float32 in 0..1.

    With "auto" it becomes what MNIST has, light ink on a dark ground, scaled and centred. With
    "none" it is only made grey and averaged to 28×28, whatever its polarity and proportions.

    Raises:
        UnusableImage: of kind `image_format`, `image_too_large` or `image_unreadable`; with "auto"
            also `image_blank`.
    """
    picture = pixels(decode(data, max_pixels=max_pixels))
    if mode == "none":
        grey = luminance(picture)
        if grey.shape != (SIDE, SIDE):
            grey = average(grey, (0, 0), grey.shape, SIDE)
        return Prepared(grey)
    return prepare_picture(picture)


def prepare_picture(picture: Picture) -> Prepared:
    """The same for a decoded picture, (height, width) or (height, width, 3) in 0..1.

    One in MNIST's form, grey and 28×28, comes back unchanged.

    Raises:
        UnusableImage: `image_blank` if nothing is drawn on it.
    """
    if in_mnist_form(picture):
        return Prepared(picture)
    ink, inverted = extract(picture)
    warnings = ["inverted"] if inverted else []
    if in_mnist_form(ink):
        return Prepared(grey_levels(ink), tuple(warnings))
    ink, several = without_specks(ink)
    if extent(ink).touches_border_of(*ink.shape):
        warnings.append("cut_off")
    if several:
        warnings.append("several_blobs")
    ink, pen = with_even_pen(ink)
    if pen is not None:
        warnings.append(pen)
    return Prepared(normalize(ink), tuple(warnings))
