"""The types that every file of the engine speaks, and the turn between its two layouts.

Outside, as in the notebook, the batch comes first: (batch, features) and (batch, channels,
height, width). Inside it comes last: (features, batch) and (channels, height, width, batch). Then
every copy, addition and pooling moves runs of `width × batch` floats, and the matrix product of a
convolution lands in the layout that the next layer reads. `batch_last` and `batch_first` are the
only places where one becomes the other.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Labels: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

FacePullback: TypeAlias = Callable[[Array], tuple[Array, list[Array]]]
"""dL/dy -> (dL/dx, [dL/dparameter, ...]), the batch first, parameters summed over the batch."""


class Pullback(Protocol):
    """What `vjp_batch_last` gives beside the output: it carries dL/dy back, the batch last."""

    def __call__(self, dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
        """dL/dx (None where it was not asked for) and dL/dparameters, summed over the batch."""


class Differentiable(Protocol):
    """All that a Jacobian needs to know of a layer."""

    def vjp(self, x: ArrayLike) -> tuple[Array, FacePullback]:
        """The output for a batch and the function that carries dL/dy back."""


def floating(x: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """`x` as an array of floats: of `dtype` where one is given, else integers become float64."""
    array = np.asarray(x)
    if dtype is None:
        dtype = array.dtype if np.issubdtype(array.dtype, np.floating) else np.float64
    return array.astype(dtype, copy=False)


def batch_last(x: Array) -> Array:
    """(batch, ...) -> (..., batch), contiguous."""
    return np.ascontiguousarray(x.transpose(*range(1, x.ndim), 0))


def batch_first(x: Array) -> Array:
    """(..., batch) -> (batch, ...), contiguous."""
    return np.ascontiguousarray(x.transpose(-1, *range(x.ndim - 1)))
