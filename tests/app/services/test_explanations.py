"""Saliency is a slope, and what layers made of an input is what they give."""

import numpy as np
import pytest

import engine
from app.domain.presets import PRESETS, PresetName
from app.services import explanations
from app.store import mnist
from engine.arrays import Array
from tests.app.records import a_loaded_model


@pytest.fixture
def digit() -> Array:
    image: Array = mnist.read("test").images[0].astype(np.float32) / 255
    return image


def test_the_saliency_of_a_linear_network_is_its_weights(digit: Array) -> None:
    model = a_loaded_model(PRESETS["linear"].definition)
    dense = next(layer for layer in model.network.layers if isinstance(layer, engine.DenseLayer))

    shown = explanations.saliency(model, digit, 4)

    weights = np.abs(dense.W[:, 4]).reshape(digit.shape)
    np.testing.assert_allclose(shown, weights / weights.max(), rtol=1e-5)


@pytest.mark.parametrize("preset", ["mlp", "lenet5"])
def test_saliency_is_how_fast_the_score_changes(preset: PresetName, digit: Array) -> None:
    model = a_loaded_model(PRESETS[preset].definition)
    layers = model.network.layers[:-1]

    def score(x: Array) -> float:
        y = x[np.newaxis]
        for layer in layers:
            y = layer.forward(y)
        return float(y[0, 7])

    shown = explanations.saliency(model, digit, 7)

    assert shown.max() == 1.0
    pixels = np.argsort(-shown.reshape(-1))[[0, 5, 50]]
    step = 2e-3
    slopes = []
    for pixel in pixels:
        up, down = digit.copy(), digit.copy()
        up.reshape(-1)[pixel] += step
        down.reshape(-1)[pixel] -= step
        slopes.append(abs(score(up) - score(down)) / (2 * step))
    expected = shown.reshape(-1)[pixels]
    np.testing.assert_allclose(np.array(slopes) / slopes[0], expected, rtol=0.05)


@pytest.mark.parametrize("preset", ["mlp", "lenet5", "resnet"])
def test_every_layer_shows_what_it_gives(preset: PresetName, digit: Array) -> None:
    model = a_loaded_model(PRESETS[preset].definition)

    found = explanations.activations(model, digit)

    assert [one.index for one in found] == list(range(len(model.network.layers)))
    shape = model.input_shape
    for one, layer in zip(found, model.network.layers, strict=True):
        shape = layer.output_shape(shape)
        assert one.shape == shape
        assert one.image.ndim == 2
        assert 0 <= one.image.min() <= one.image.max() <= 1
