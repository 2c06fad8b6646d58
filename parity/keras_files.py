"""Models that go to Keras and come back, and whether they still compute the same.

Keras has the channels of an image last, the engine has them first; so have the batches here.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from app.formats import keras as keras_format
from app.formats.bundle import Bundle
from engine.arrays import Array
from tests.app.formats.conftest import LIMITS

FROM_PYTORCH = "ignore:__array__ implementation:DeprecationWarning"
"""A warning that is Keras' own, as it turns PyTorch's tensors into arrays."""


def last(x: Array) -> Array:
    """Images with the channels last, as Keras has them; anything else as it is."""
    return np.moveaxis(x, 1, -1) if x.ndim == 4 else x


def first(y: Array) -> Array:
    """The inverse of `last`."""
    return np.moveaxis(y, -1, 1) if y.ndim == 4 else y


def loaded(content: bytes, folder: Path) -> Any:
    """What Keras, in its safe mode, makes of an archive."""
    path = folder / "model.keras"
    path.write_bytes(content)
    return keras.models.load_model(path)


def saved(model: Any, folder: Path) -> bytes:
    """What Keras writes."""
    path = folder / "saved.keras"
    model.save(path)
    return path.read_bytes()


def read(model: Any, folder: Path) -> Bundle:
    """What is read of what Keras writes."""
    return keras_format.read(saved(model, folder), None, LIMITS)


def chain(*parts: Any, shape: tuple[int, ...] = (12, 12, 2)) -> Any:
    """A model as most people build it."""
    return keras.Sequential([keras.Input(shape), *parts])


def shuffled(model: Any) -> Any:
    """The model with weights that are nothing's default."""
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 0.9, w.shape) - 0.3 * (w.ndim > 1) for w in model.weights])
    return model


def assert_alike(bundle: Bundle, model: Any) -> None:
    """Both make the same of a batch."""
    shape = (3, *bundle.definition.input_shape)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    got = first(keras.ops.convert_to_numpy(model(last(x), training=False)))
    np.testing.assert_allclose(got, bundle.network().predict(x), rtol=1e-4, atol=1e-5)
