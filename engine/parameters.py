"""All parameters of a network as one flat vector, and all its buffers as another.

The optimizer, a checkpoint and the sum of the shards' gradients then are walks over one array. The
layers keep their arrays by name, as views of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import DTypeLike

from engine.arrays import Array
from engine.layers.base import Layer


class _FlatArrays(ABC):
    """Named arrays of some layers, moved into one vector that the layers' arrays are views of.

    Args:
        layers: The layers, whose arrays are replaced by views.
        dtype: The precision of the vector.
    """

    def __init__(self, layers: Sequence[Layer], dtype: DTypeLike) -> None:
        self._layers = layers
        self.size = sum(layer.array(n).size for layer in layers for n in self._names(layer))
        self.vector = np.empty(self.size, dtype)
        for layer, views in zip(layers, self.views(self.vector), strict=True):
            for name, view in views.items():
                view[...] = layer.array(name)
                layer.bind(name, view)

    @staticmethod
    @abstractmethod
    def _names(layer: Layer) -> tuple[str, ...]:
        """Which arrays of a layer."""

    def views(self, vector: Array) -> list[dict[str, Array]]:
        """Cut a vector of the same size (a gradient) as the arrays are: a mapping a layer."""
        cut, start = [], 0
        for layer in self._layers:
            views = {}
            for name in self._names(layer):
                array = layer.array(name)
                stop = start + array.size
                views[name] = vector[start:stop].reshape(array.shape)
                start = stop
            cut.append(views)
        return cut


@final
class FlatParameters(_FlatArrays):
    """What is trained."""

    @staticmethod
    def _names(layer: Layer) -> tuple[str, ...]:
        return layer.parameter_names


@final
class FlatBuffers(_FlatArrays):
    """What follows training."""

    @staticmethod
    def _names(layer: Layer) -> tuple[str, ...]:
        return layer.buffer_names
