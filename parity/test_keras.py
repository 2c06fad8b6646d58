"""Keras reads what is exported and predicts the same; what Keras saves is imported and does too."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from app.domain.errors import UnusableFile
from app.domain.layers import LAYERS
from app.domain.presets import PRESETS
from app.formats import keras as keras_format
from app.formats.bundle import Bundle
from tests.app.formats.conftest import LIMITS, bundle_of
from tests.app.formats.networks import CASES, definition_of, types_in

# Keras' own, as it turns PyTorch's tensors into arrays.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def last(x):
    """Images with the channels last, as Keras has them; anything else as it is."""
    return np.moveaxis(x, 1, -1) if x.ndim == 4 else x


def first(y):
    return np.moveaxis(y, -1, 1) if y.ndim == 4 else y


def loaded(content: bytes, folder: Path) -> keras.Model:
    """What Keras, in its safe mode, makes of an archive."""
    path = folder / "model.keras"
    path.write_bytes(content)
    return keras.models.load_model(path)


def saved(model: keras.Model, folder: Path) -> bytes:
    path = folder / "saved.keras"
    model.save(path)
    return path.read_bytes()


def assert_alike(bundle: Bundle, model: keras.Model) -> None:
    shape = (3, *bundle.definition.input_shape)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    got = first(keras.ops.convert_to_numpy(model(last(x), training=False)))
    np.testing.assert_allclose(got, bundle.network().predict(x), rtol=1e-4, atol=1e-5)


def test_every_layer_of_the_catalog_has_a_case() -> None:
    assert {name for own, _ in CASES.values() for name in types_in(own)} == set(LAYERS)


@pytest.mark.parametrize("name", CASES)
def test_keras_computes_what_the_engine_does(name: str, tmp_path: Path) -> None:
    bundle = bundle_of(definition_of(name))

    assert_alike(bundle, loaded(keras_format.write(bundle), tmp_path))


@pytest.mark.parametrize("name", CASES)
def test_what_keras_saves_again_is_imported(name: str, tmp_path: Path) -> None:
    bundle = bundle_of(definition_of(name))
    model = loaded(keras_format.write(bundle), tmp_path)

    again = keras_format.read(saved(model, tmp_path), None, LIMITS)

    assert_alike(again, model)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_goes_to_keras_and_back(name, tmp_path: Path) -> None:
    bundle = bundle_of(PRESETS[name].definition)
    model = loaded(keras_format.write(bundle), tmp_path)

    assert_alike(bundle, model)
    assert_alike(keras_format.read(saved(model, tmp_path), None, LIMITS), model)


def chain(*parts, shape=(12, 12, 2)):
    return keras.Sequential([keras.Input(shape), *parts])


def with_a_way_around():
    x = inputs = keras.Input((8, 8, 3))
    y = layers.Conv2D(3, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    x = layers.Activation("relu")(layers.Add()([y, x]))
    y = layers.Conv2D(6, 3, padding="same", activation="silu")(x)
    z = layers.Conv2D(6, 1, use_bias=False)(x)
    x = layers.Add()([z, y])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(4, activation="softmax")(x))


BUILT = {
    "perceptron": lambda: chain(
        layers.Dense(8, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
        shape=(6,),
    ),
    "convolutional": lambda: chain(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(6, 3, padding="same", activation="elu"),
        layers.BatchNormalization(),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(7, activation="tanh"),
        layers.Dense(3, activation="softmax"),
    ),
    "norms of a flattened image": lambda: chain(
        layers.Conv2D(4, 3),
        layers.Flatten(),
        layers.BatchNormalization(),
        layers.LeakyReLU(negative_slope=0.1),
        layers.LayerNormalization(epsilon=1e-5),
        layers.Dense(3),
        layers.Softmax(),
    ),
    "norms without scale or shift": lambda: chain(
        layers.BatchNormalization(scale=False),
        layers.BatchNormalization(center=False, epsilon=0.1),
        layers.LayerNormalization(axis=[1, 2, 3], epsilon=1e-5, scale=False),
        layers.UpSampling2D(2),
    ),
    "strided where both pad alike": lambda: chain(
        layers.Conv2D(4, 3, strides=2, padding="same"), shape=(11, 9, 2)
    ),
    "even kernel": lambda: chain(layers.Conv2D(4, 4, padding="same", activation="gelu")),
    "transposed": lambda: chain(
        layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="sigmoid"),
        layers.Conv2DTranspose(2, 3, strides=2),
        layers.Conv2DTranspose(1, 2, strides=3),
        layers.Cropping2D(((0, 1), (0, 1))),
    ),
    "decoder": lambda: chain(
        layers.Dense(36),
        layers.ReLU(),
        layers.ELU(alpha=0.5),
        layers.Reshape((4, 3, 3)),
        layers.Permute((2, 3, 1)),
        layers.Conv2D(1, 2),
        shape=(5,),
    ),
    "a way around": with_a_way_around,
}


def shuffled(model):
    """Weights that are nothing's default."""
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 0.9, w.shape) - 0.3 * (w.ndim > 1) for w in model.weights])
    return model


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built_in_keras_is_imported(name: str, tmp_path: Path) -> None:
    model = shuffled(BUILT[name]())

    bundle = keras_format.read(saved(model, tmp_path), None, LIMITS)

    assert_alike(bundle, model)


REFUSED = {
    "strided where the zeros differ": (
        lambda: chain(layers.Conv2D(4, 3, strides=2, padding="same")),
        "ZeroPadding2D",
    ),
    "groups": (lambda: chain(layers.Conv2D(4, 3, groups=2)), "groups"),
    "dilation": (lambda: chain(layers.Conv2D(4, 3, dilation_rate=2)), "dilation_rate"),
    "another norm": (lambda: chain(layers.LayerNormalization()), "axis"),
    "an embedding": (lambda: chain(layers.Embedding(5, 3), shape=(4,)), "'Embedding'"),
    "code": (lambda: chain(layers.Lambda(lambda x: x)), "'Lambda'"),
    "a flattened end": (lambda: chain(layers.Flatten()), "Dense has to follow"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_engine_has_not_is_refused(name: str, tmp_path: Path) -> None:
    build, words = REFUSED[name]

    with pytest.raises(UnusableFile, match=words):
        keras_format.read(saved(build(), tmp_path), None, LIMITS)
