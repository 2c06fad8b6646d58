"""A PyTorch module and the engine's layers with the same weights: its twins.

Where both have an array, the two differ at most in the order of its axes. PyTorch always computes
in float64, on numbers that float32 has too: so the distance between the two is the engine's error.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import DTypeLike
from torch import Tensor, nn

from engine import Layer
from engine.arrays import Array, Shape

AXES: dict[type[nn.Module], tuple[int, ...]] = {
    nn.Linear: (1, 0),
    nn.Conv2d: (2, 3, 1, 0),
    nn.ConvTranspose2d: (2, 3, 0, 1),
}
"""Where each axis of the engine's weights is in PyTorch's."""


class Around(nn.Module):
    """A body and a way around it."""

    def __init__(self, body: nn.Module, around: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.around = around

    def forward(self, x: Tensor) -> Tensor:
        """The sum of the two."""
        y: Tensor = self.body(x) + self.around(x)
        return y


def shared(x: Array) -> Array:
    """The nearest numbers that float32 and float64 have in common, as float64."""
    return x.astype(np.float32).astype(np.float64)


def normal(rng: Generator, shape: Shape) -> Array:
    """Random numbers that float32 and float64 have in common."""
    return shared(rng.normal(size=shape))


def randomised(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module in float64, with no parameter or buffer left at a neutral beginning."""
    rng = np.random.default_rng(seed)
    module = module.double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.from_numpy(normal(rng, tuple(parameter.shape))))
        for buffer in _buffers(module):
            # The variances among them must be above 0.
            buffer.copy_(torch.from_numpy(shared(rng.uniform(0.5, 2, tuple(buffer.shape)))))
    return module


def pour(module: nn.Module, layers: Sequence[Layer], dtype: DTypeLike) -> None:
    """Give the layers the weights and buffers of the module, in `dtype`."""
    places = [(layer, name) for layer in layers for name in layer.parameter_names]
    places += [(layer, name) for layer in layers for name in layer.buffer_names]
    arrays = [*parameters(module), *buffers(module)]
    for (layer, name), array in zip(places, arrays, strict=True):
        if layer.array(name).shape != array.shape:
            raise ValueError(f"{name} is {layer.array(name).shape}, its twin {array.shape}")
        layer.bind(name, array.astype(dtype))


def parameters(module: nn.Module) -> list[Array]:
    """Copies of the weights, each with the engine's order of axes, in the engine's order."""
    return [_turned(owner, parameter.detach()) for owner, parameter in _parameters(module)]


def gradients(module: nn.Module) -> list[Array]:
    """Copies of the gradients, as `parameters`."""
    found = []
    for owner, parameter in _parameters(module):
        assert parameter.grad is not None
        found.append(_turned(owner, parameter.grad))
    return found


def buffers(module: nn.Module) -> list[Array]:
    """Copies of the running means and variances."""
    return [buffer.numpy().copy() for buffer in _buffers(module)]


def _parameters(module: nn.Module) -> Iterator[tuple[nn.Module, nn.Parameter]]:
    for owner in module.modules():
        for parameter in owner.parameters(recurse=False):
            yield owner, parameter


def _buffers(module: nn.Module) -> list[Tensor]:
    """All but PyTorch's count of batches."""
    return [buffer for buffer in module.buffers() if buffer.is_floating_point()]


def _turned(owner: nn.Module, tensor: Tensor) -> Array:
    array: Array = tensor.numpy()
    axes = AXES.get(type(owner))
    if axes is not None and array.ndim == len(axes):
        array = array.transpose(axes)
    return array.copy()
