"""The memory that a layer computes in.

A fresh 10 MB array costs more in page faults than the arithmetic that fills it, so training
computes every step in the same arrays: each layer of each shard owns one `ReusedScratch`. A layer
asks for its arrays by name and never knows which of the two kinds it was given.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from engine.arrays import Array, Shape


class Scratch:
    """New memory at every call: what comes out belongs to the caller."""

    overwrite_input = False
    """Whether nobody reads the layer's input again, so that the output may be written over it."""

    overwrite_gradient = False
    """The same for dL/dy and dL/dx."""

    def empty(self, name: str, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
        """An array with any content."""
        return np.empty(shape, dtype)

    def zeros(self, name: str, shape: Shape, dtype: DTypeLike) -> Array:
        """An array that was filled with zeros when it was made, and is never cleared again."""
        return np.zeros(shape, dtype)

    def over_input(self, x: Array) -> Array:
        """Where to write an output of the input's shape: the input itself where that is allowed."""
        return x if self.overwrite_input else self.empty("y", x.shape, x.dtype)

    def over_gradient(self, dy: Array) -> Array:
        """Where to write dL/dx of dL/dy's shape: dL/dy itself where that is allowed."""
        return dy if self.overwrite_gradient else self.empty("dx", dy.shape, dy.dtype)

    def gradient(self, name: str, parameter: Array) -> Array:
        """Where to write dL/dparameter."""
        return np.empty_like(parameter)

    def statistic(self, name: str, buffer: Array) -> Array:
        """Where to write what a batch that is trained on says of a buffer."""
        return np.empty_like(buffer)

    def nested(self, key: str, *, overwrite_input: bool) -> "Scratch":
        """The memory of a layer inside this one."""
        return self


class ReusedScratch(Scratch):
    """The same memory at every call: what comes out is valid until the next step.

    Args:
        gradients: Where each parameter's gradient goes, by the parameter's name.
        statistics: Where each buffer's statistic goes, by the buffer's name.
        overwrite_input: See `Scratch.overwrite_input`.
    """

    overwrite_gradient = True

    def __init__(
        self,
        gradients: Mapping[str, Array] | None = None,
        statistics: Mapping[str, Array] | None = None,
        *,
        overwrite_input: bool = False,
    ) -> None:
        self.overwrite_input = overwrite_input
        self._gradients = gradients or {}
        self._statistics = statistics or {}
        self._nested: dict[str, ReusedScratch] = {}
        self._memory: dict[str, NDArray[Any]] = {}
        self._views: dict[tuple[str, Shape], NDArray[Any]] = {}

    def empty(self, name: str, shape: Shape, dtype: DTypeLike) -> NDArray[Any]:
        """See `Scratch.empty`; a smaller batch gets a part of the larger one's memory."""
        view = self._views.get((name, shape))
        if view is None:
            size = math.prod(shape)
            memory = self._memory.get(name)
            if memory is None or memory.size < size:
                memory = self._memory[name] = np.empty(size, dtype)
                self._views = {key: old for key, old in self._views.items() if key[0] != name}
            view = self._views[name, shape] = memory[:size].reshape(shape)
        return view

    def zeros(self, name: str, shape: Shape, dtype: DTypeLike) -> Array:
        """See `Scratch.zeros`; every shape has memory of its own, so that its zeros stay."""
        view = self._views.get((name, shape))
        if view is None:
            view = self._views[name, shape] = np.zeros(shape, dtype)
        return view

    def gradient(self, name: str, parameter: Array) -> Array:
        """See `Scratch.gradient`."""
        return self._gradients[name]

    def statistic(self, name: str, buffer: Array) -> Array:
        """See `Scratch.statistic`."""
        return self._statistics[name]

    def nested(self, key: str, *, overwrite_input: bool) -> Scratch:
        """See `Scratch.nested`; the arrays named "key.name" here are named "name" there."""
        if key not in self._nested:
            inner = [_below(key, arrays) for arrays in (self._gradients, self._statistics)]
            self._nested[key] = ReusedScratch(*inner, overwrite_input=overwrite_input)
        return self._nested[key]


def _below(key: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays whose names begin with "key.", without it."""
    prefix = f"{key}."
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
