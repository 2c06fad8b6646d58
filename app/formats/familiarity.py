"""What a training set looks like, as bytes and beside a model's own arrays."""

from collections.abc import Mapping

import numpy as np
import safetensors.numpy

from app.domain.errors import UnusableFile
from engine.arrays import Array, Shape
from engine.errors import ShapeError
from engine.familiarity import Familiarity

PREFIX = "familiarity."
"""What its arrays' names begin with where they are beside a network's, whose begin with a digit."""


def pack(known: Familiarity) -> bytes:
    """The same bytes for the same training set: its models share them."""
    return safetensors.numpy.save(known.arrays())


def unpack(content: bytes) -> Familiarity:
    """What `pack` was given."""
    return Familiarity(**safetensors.numpy.load(content))


def prefixed(known: Familiarity | None) -> dict[str, Array]:
    """Its arrays by the names that they have in a model's file."""
    return {} if known is None else {PREFIX + n: array for n, array in known.arrays().items()}


def taken(arrays: Mapping[str, Array], shape: Shape) -> Familiarity | None:
    """That of a model's file that came from anybody, where it has one; checked.

    Args:
        arrays: All arrays of the file, by their names.
        shape: The model's input shape.

    Raises:
        UnusableFile: An array is missing, or not what it should be.
    """
    own = {n.removeprefix(PREFIX): array for n, array in arrays.items() if n.startswith(PREFIX)}
    if not own:
        return None
    try:
        with np.errstate(over="ignore"):  # becomes infinite, which is refused
            known = Familiarity(**{name: array.astype(np.float32) for name, array in own.items()})
        known.check(shape)
    except TypeError:
        raise UnusableFile(f"the file has {', '.join(own):.200} of a training set") from None
    except ShapeError as error:
        raise UnusableFile(f"the file's {PREFIX}*: {error}") from error
    return known
