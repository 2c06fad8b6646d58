"""Weights and checkpoints survive the way to bytes and back."""

import numpy as np

from app.domain.definitions import build
from app.domain.presets import PRESETS
from app.formats import tensors
from engine.training import State


def test_weights_are_read_back_to_the_bit() -> None:
    source = build(PRESETS["resnet"].definition, seed=1)
    target = build(PRESETS["resnet"].definition, seed=2)
    for layer in source.layers:
        for buffer in layer.buffers:
            np.add(buffer, 1, out=buffer)

    tensors.unpack_weights(tensors.pack_weights(source.layers), target.layers)

    expected, got = (tensors.named_arrays(network.layers) for network in (source, target))
    assert {"4.projection.kernel", "4.1.mean"} <= expected.keys()
    for name, array in expected.items():
        assert np.array_equal(got[name], array), name


def test_the_same_weights_have_the_same_bytes() -> None:
    packed = {
        tensors.pack_weights(build(PRESETS["mlp"].definition, seed=1).layers) for _ in range(2)
    }

    assert len(packed) == 1


def test_a_checkpoint_is_read_back_whole() -> None:
    arrays = {"parameters": np.arange(5, dtype=np.float32), "mean": np.ones(5, np.float32)}
    position = {"epoch": 2, "loss_sum": 0.1, "best_value": None, "stopped": False}
    epoch_weights = {"parameters": np.full(5, 7, np.float32), "buffers": np.empty(0, np.float32)}

    content = tensors.pack_checkpoint(State(position, arrays), epoch_weights)
    state, weights = tensors.unpack_checkpoint(content)

    assert state.position == position
    assert weights is not None
    assert weights.keys() == epoch_weights.keys()
    assert np.array_equal(weights["parameters"], epoch_weights["parameters"])
    for name, array in arrays.items():
        assert np.array_equal(state.arrays[name], array)
