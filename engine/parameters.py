"""All parameters of a network as one flat vector.

The optimizer, a checkpoint and the sum of the shards' gradients then are walks over one array. The
layers keep their arrays by name, as views of it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from engine.arrays import Array
from engine.layers.base import Layer


class FlatParameters:
    """The parameters of some layers, moved into one vector that the layers' arrays are views of.

    Args:
        layers: The layers, whose arrays are replaced by views.
        dtype: The precision of the vector.
    """

    def __init__(self, layers: Sequence[Layer], dtype: DTypeLike) -> None:
        self._layers = layers
        self.size = sum(p.size for layer in layers for p in layer.parameters)
        self.vector = np.empty(self.size, dtype)
        for layer, views in zip(layers, self.views(self.vector), strict=True):
            for name, view in views.items():
                view[...] = getattr(layer, name)
                setattr(layer, name, view)

    def views(self, vector: Array) -> list[dict[str, Array]]:
        """Cut a vector of the same size (a gradient) as the parameters are: a mapping a layer."""
        cut, start = [], 0
        for layer in self._layers:
            views = {}
            for name, parameter in zip(layer.parameter_names, layer.parameters, strict=True):
                stop = start + parameter.size
                views[name] = vector[start:stop].reshape(parameter.shape)
                start = stop
            cut.append(views)
        return cut
