"""Weights and checkpoints as safetensors: named arrays, no code in them.

The bytes of the same arrays are always the same, so their SHA-256 identifies the weights.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import safetensors.numpy

from engine.arrays import Array
from engine.layers.base import Layer
from engine.training import State

_POSITION = "position"
_STATE = "state."
_EPOCH = "epoch."


def pack_weights(layers: Sequence[Layer]) -> bytes:
    """The parameters of some layers, named "index.parameter"."""
    arrays = {
        f"{i}.{name}": np.ascontiguousarray(parameter, np.float32)
        for i, layer in enumerate(layers)
        for name, parameter in zip(layer.parameter_names, layer.parameters, strict=True)
    }
    return safetensors.numpy.save(arrays)


def unpack_weights(content: bytes, layers: Sequence[Layer]) -> None:
    """Put packed parameters into layers of the same definition, in place."""
    arrays = safetensors.numpy.load(content)
    for i, layer in enumerate(layers):
        for name, parameter in zip(layer.parameter_names, layer.parameters, strict=True):
            parameter[...] = arrays[f"{i}.{name}"]


def pack_checkpoint(state: State, epoch_weights: Array | None) -> bytes:
    """A training state, and the weights that the last whole epoch left, if one has ended."""
    arrays = {f"{_STATE}{name}": array for name, array in state.arrays.items()}
    if epoch_weights is not None:
        arrays[_EPOCH] = epoch_weights
    return safetensors.numpy.save(arrays, {_POSITION: json.dumps(dict(state.position))})


def unpack_checkpoint(content: bytes) -> tuple[State, Array | None]:
    """What `pack_checkpoint` was given."""
    arrays = safetensors.numpy.load(content)
    epoch_weights = arrays.pop(_EPOCH, None)
    named = {name.removeprefix(_STATE): array for name, array in arrays.items()}
    return State(_metadata(content), named), epoch_weights


def _metadata(content: bytes) -> dict[str, Any]:
    """The header's own text: 8 bytes of length, then JSON (github.com/huggingface/safetensors)."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    position: dict[str, Any] = json.loads(header["__metadata__"][_POSITION])
    return position
