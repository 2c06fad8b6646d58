"""What can be read: files, images and arrays as Python has them, and the strokes of a pen.

NumPy and Pillow are not imported to find out what something is: who has an array or an image has
loaded them already.
"""

import base64
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, Union

from app.client.calls import File

if TYPE_CHECKING:
    import numpy as np
    import PIL.Image

Stroke = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Strokes:
    """What a pen drew.

    Attributes:
        strokes: Each a sequence of (x, y), y downwards, in any unit.
    """

    strokes: Sequence[Stroke]


Input = Union[str, Path, bytes, Strokes, "np.ndarray[Any, Any]", "PIL.Image.Image"]
"""One input: the path of an image file, its bytes, a Pillow image, strokes, or an array.

An array of integers (uint8) is an image: height × width in grey, or × 3 or 4 in colour. Any size
will do, the service prepares it. An array of floats is what the network takes, as it is: in the
model's input shape, from 0 to 1, light on dark.
"""


def as_sequence(inputs: Input | Sequence[Input]) -> tuple[Sequence[Input], bool]:
    """What is to be read one by one, and whether it was several that were given."""
    if isinstance(inputs, list | tuple):
        return inputs, True
    return [inputs], False  # type: ignore[list-item]  # of sequences these two are taken


def as_image(source: Input) -> File:
    """A file for an image.

    Raises:
        TypeError: It is none.
    """
    if isinstance(source, str | Path):
        path = Path(source)
        return path.name, path.read_bytes()
    if isinstance(source, bytes):
        return "image", source
    if _is_array(source) and source.dtype == "uint8":
        import PIL.Image  # noqa: PLC0415 - slow, and needed here alone

        return "image.png", _png(PIL.Image.fromarray(source))
    if _is_image(source):
        return "image.png", _png(source)
    msg = (
        "an image is a path, bytes, a Pillow image or an array of uint8, got "
        f"{getattr(source, 'dtype', type(source).__name__)}"
    )
    raise TypeError(msg)


def as_instance(source: Input) -> Any:
    """The same for anything that can be read, as JSON."""
    if isinstance(source, Strokes):
        return {"strokes": [[list(map(float, point)) for point in s] for s in source.strokes]}
    if _is_array(source) and source.dtype.kind == "f":
        return source.tolist()
    _, content = as_image(source)
    return {"b64": base64.b64encode(content).decode()}


def is_image(source: Input) -> bool:
    """Whether it can be sent as a file."""
    numbers = _is_array(source) and source.dtype.kind == "f"
    return not (numbers or isinstance(source, Strokes))


def _is_array(source: object) -> "TypeGuard[np.ndarray[Any, Any]]":
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(source, numpy.ndarray)


def _is_image(source: object) -> "TypeGuard[PIL.Image.Image]":
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(source, pillow.Image)


def _png(image: "PIL.Image.Image") -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
