"""Picture → ink: how strongly each pixel differs from the paper, whatever the colours of both.

All that depends on how a picture was taken is decided here: its frame, its light, its polarity, its
noise, the lines that are printed on its paper. A better reading of photographs needs to change this
file only.
"""

from typing import NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import UnusableImage
from app.vision.decode import Picture

T = TypeVar("T", bound=np.generic)

_FAINTEST = 0.04
"""Less contrast than this, about 10 grey levels, is not taken for a drawing."""

_SIGMAS = 6.0
"""Nor is what stands out from the paper's own noise by less: of 16 million normally distributed
pixels the outermost lies at 5.5."""

_STRONGER_INSIDE = 1.25
"""Printed lines may be stronger inside a picture, and where they cross, than at its border."""

_DARKEST = 0.1
"""Darker paper is not brightened any further where its light is evened out."""


class Ink(NamedTuple):
    """What is drawn: 0 where there is paper, 1 where the ink is strongest, (height, width)."""

    values: Picture
    inverted: bool
    """Whether the ink was darker than the paper; in MNIST it is lighter."""


def extract(picture: Picture) -> Ink:
    """The ink of a picture, (height, width) or (height, width, 3) in 0..1.

    The paper is what the border shows. Ink is the difference from it along the one direction in
    colour space in which the picture differs most, so red on green of the same brightness is seen;
    of a grey picture that direction is either lighter or darker.

    Raises:
        UnusableImage: `image_blank` if nothing stands out from the paper.
    """
    channels = _without_frame(np.atleast_3d(picture))
    difference = _from_paper(channels)
    height, width, _ = difference.shape
    flat = difference.reshape(height * width, -1)
    strength = np.dot(np.square(flat), np.ones_like(flat[0]))  # not @: slow for a single channel
    direction = np.dot(strength * _centrality(height, width).ravel(), flat)
    length = np.linalg.norm(direction)
    if length == 0:
        _refuse()
    direction /= length
    signal = np.dot(flat, direction).reshape(height, width)
    noise = _noise(signal)
    strongest = float(signal.max())
    if strongest < max(_FAINTEST, _SIGMAS * noise):
        _refuse()
    floor = max(3 * noise, _printed(signal, strongest))
    values = np.clip((signal - floor) / (strongest - floor), 0, 1)
    return Ink(values, inverted=bool(direction.mean() < 0))


def _centrality(height: int, width: int) -> Picture:
    """From 1 in the middle to nearly 0 at the border, where a shadow would outweigh the ink."""
    down, across = (
        np.float32(1.02) - np.linspace(-1, 1, size, dtype=np.float32) ** 2
        for size in (height, width)
    )
    return np.outer(down, across)


def _printed(signal: Picture, strongest: float) -> float:
    """How strong the lines of ruled or squared paper are: they reach the border, where ink is rare.

    What is there and is more than half as strong as the ink is ink.
    """
    rim = float(_border(signal).max())
    return min(_STRONGER_INSIDE * rim, strongest / 2) if rim < strongest / 2 else 0.0


def _refuse() -> NoReturn:
    raise UnusableImage(
        "Nothing is drawn on this image: its pixels are all but one colour. Draw a digit whose "
        "lines stand out from the background.",
        "image_blank",
    )


def _without_frame(picture: Picture) -> Picture:
    """The picture inside its frame: the rim of a scan, the line around a screenshot.

    Where the border has another colour than most of the picture, it is either a frame, and then
    paper lies inside it, or the paper itself around very fat ink, and then it stays.
    """
    edge, middle = _commonest(_border(picture)), _commonest(_sample(picture, 32))
    if np.abs(edge - middle).max() < 0.2:
        return picture
    frame = np.abs(picture - edge).sum(axis=-1) < np.abs(picture - middle).sum(axis=-1)
    rows = np.flatnonzero(frame.mean(axis=1) < 0.9)
    columns = np.flatnonzero(frame.mean(axis=0) < 0.9)
    if rows.size == 0 or columns.size == 0:
        return picture
    inside = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return picture[inside] if _border(frame[inside]).mean() < 0.1 else picture


def _from_paper(picture: Picture) -> Picture:
    """How far each pixel is from the bare paper, (height, width, channels).

    Paper that is lit evenly shows one and the same level in many places. Where none recurs the
    light is uneven, and as it dims the ink along with the paper, the difference is relative.
    """
    colour = _commonest(_border(picture))
    equal = np.abs(_sample(picture, 32) - colour).max(axis=-1) < 0.003  # less than a grey level
    if equal.mean() > 0.1:
        return picture - colour
    paper = _surface(picture)
    relative = (picture - paper) / np.maximum(paper, _DARKEST)
    return relative.astype(np.float32, copy=False)


def _commonest(colours: Picture) -> Picture:
    """The middle of the shortest range, per channel, that holds a third of the values.

    A median would be drawn to the ink where it covers half of the border.
    """
    values = np.sort(colours.reshape(-1, colours.shape[-1]), axis=0)
    third = len(values) // 3
    begin = np.argmin(values[third:] - values[: len(values) - third], axis=0)
    middle: Picture = np.take_along_axis(values, begin[np.newaxis] + third // 2, axis=0)[0]
    return middle


def _surface(picture: Picture) -> Picture:
    """A quadratic in both directions through the paper, (height, width, channels).

    It begins with a fit to the rim alone, where ink is rare, and then lets in what lies near: fat
    ink in the middle would bend a plain least-squares fit into a bowl.
    """
    rows, columns = (_powers(size) for size in picture.shape[:2])
    points = _sample(picture, 32)
    basis = np.kron(_every(rows, 32), _every(columns, 32))
    # Of the nine powers 1, x, x², y, ... the second and the fourth are x and y themselves.
    rim = np.abs(basis[:, [1, 3]]).max(axis=1) > 0.8
    surfaces = []
    for channel in range(picture.shape[-1]):
        values = points[..., channel].ravel()
        weights = rim.astype(np.float64)
        coefficients = np.zeros(9)
        for _ in range(8):
            weighted = basis.T * weights
            coefficients = np.linalg.lstsq(weighted @ basis, weighted @ values, rcond=None)[0]
            residual = np.abs(values - basis @ coefficients)
            scale = np.clip(3 * np.median(residual), 0.01, 0.1)
            weights = 1 / (1 + (residual / scale) ** 2) ** 2
        surfaces.append(rows @ coefficients.reshape(3, 3) @ columns.T)
    return np.stack(surfaces, axis=-1).astype(np.float32)


def _powers(size: int) -> NDArray[np.float64]:
    """1, x and x² for x from -1 to 1 along a side: (size, 3)."""
    return np.vander(np.linspace(-1, 1, size), 3, increasing=True)


def _noise(signal: Picture) -> float:
    """The standard deviation of the paper, from that side of it on which there is no ink."""
    sample = _sample(signal, 64)
    return 1.4826 * float(np.median(-sample[sample <= 0])) if (sample <= 0).any() else 0.0


def _border(values: NDArray[T]) -> NDArray[T]:
    """The outermost pixels, (n, ...)."""
    return np.concatenate([values[0], values[-1], values[1:-1, 0], values[1:-1, -1]])


def _sample(values: Picture, count: int) -> Picture:
    """`count` to 2 · `count` pixels along each side, evenly spread."""
    return _every(_every(values, count).swapaxes(0, 1), count).swapaxes(0, 1)


def _every(values: NDArray[T], count: int) -> NDArray[T]:
    step = max(1, len(values) // count)
    return values[step // 2 :: step]
