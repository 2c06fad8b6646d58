"""Weights and checkpoints as safetensors: named arrays, no code in them.

The bytes of the same arrays are always the same, so their SHA-256 identifies the weights.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import safetensors.numpy

from engine.arrays import Array
from engine.layers.base import Layer
from engine.training import State

_POSITION = "position"
_STATE = "state."
_EPOCH = "epoch."


def named_arrays(layers: Sequence[Layer]) -> dict[str, Array]:
    """The parameters and buffers of some layers, named "index.name"."""
    return {
        f"{i}.{name}": layer.array(name)
        for i, layer in enumerate(layers)
        for name in (*layer.parameter_names, *layer.buffer_names)
    }


def pack_weights(layers: Sequence[Layer]) -> bytes:
    """The parameters and buffers of some layers, in float32."""
    arrays = named_arrays(layers).items()
    return safetensors.numpy.save(
        {name: np.ascontiguousarray(array, np.float32) for name, array in arrays}
    )


def unpack_weights(content: bytes, layers: Sequence[Layer]) -> None:
    """Put packed weights into layers of the same definition, in place."""
    packed = safetensors.numpy.load(content)
    for name, array in named_arrays(layers).items():
        array[...] = packed[name]


def pack_checkpoint(state: State, epoch_weights: Mapping[str, Array] | None) -> bytes:
    """A training state, and the result that the last whole epoch left, if one has ended."""
    arrays = {f"{_STATE}{name}": array for name, array in state.arrays.items()}
    if epoch_weights is not None:
        arrays.update({f"{_EPOCH}{name}": array for name, array in epoch_weights.items()})
    return safetensors.numpy.save(arrays, {_POSITION: json.dumps(dict(state.position))})


def unpack_checkpoint(content: bytes) -> tuple[State, dict[str, Array] | None]:
    """What `pack_checkpoint` was given."""
    arrays = safetensors.numpy.load(content)
    state, epoch = (
        {n.removeprefix(prefix): array for n, array in arrays.items() if n.startswith(prefix)}
        for prefix in (_STATE, _EPOCH)
    )
    return State(json.loads(header_texts(content)[_POSITION]), state), epoch or None


def header_texts(content: bytes) -> dict[str, str]:
    """The texts in a file's header: 8 bytes of length, then JSON, which loading has checked."""
    length = int.from_bytes(content[:8], "little")
    texts: dict[str, str] = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    return texts
