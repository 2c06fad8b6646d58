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
from parity.keras_files import (
    FROM_PYTORCH,
    assert_alike,
    chain,
    loaded,
    read,
    shuffled,
)
from tests.app.formats.conftest import bundle_of
from tests.app.formats.networks import CASES, definition_of, types_in

pytestmark = pytest.mark.filterwarnings(FROM_PYTORCH)


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

    again = read(model, tmp_path)

    assert_alike(again, model)
    assert list(again.arrays) == list(bundle.arrays)
    for key, array in bundle.arrays.items():
        np.testing.assert_array_equal(again.arrays[key], array, key)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_goes_to_keras_and_back(name, tmp_path: Path) -> None:
    bundle = bundle_of(PRESETS[name].definition)
    model = loaded(keras_format.write(bundle), tmp_path)

    assert_alike(bundle, model)
    assert_alike(read(model, tmp_path), model)


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


def with_ways_within_ways():
    x = inputs = keras.Input((5,))
    y = layers.Dense(5, activation="tanh")(x)
    y = layers.Add()([y, layers.Dense(5)(y)])
    return keras.Model(inputs, layers.Dense(2)(layers.Add()([y, x])))


def with_a_smaller_way_around():
    x = inputs = keras.Input((8, 8, 4))
    y = layers.ZeroPadding2D(1)(x)
    y = layers.Conv2D(6, 3, strides=2)(y)
    y = layers.Conv2D(6, 3, padding="same")(layers.Dropout(0.1)(y))
    x = layers.Add()([y, layers.Conv2D(6, 1, strides=2, use_bias=False)(x)])
    return keras.Model(inputs, layers.Dense(3)(layers.Flatten()(x)))


def trained():
    """Its file also has an optimizer's state, and a loss."""
    model = chain(layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.ones((4, 12, 12, 2)), np.zeros(4), verbose=0)
    return model


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
    "what only training needs": lambda: chain(
        layers.Dense(
            4,
            kernel_regularizer="l2",
            kernel_constraint=keras.constraints.MaxNorm(2),
            kernel_initializer="he_normal",
        ),
        shape=(5,),
    ),
    "activations by their functions": lambda: chain(
        layers.Dense(4, activation=keras.activations.gelu),
        layers.Dense(4, activation="leaky_relu"),
        layers.Activation("swish"),
        layers.Dense(4, use_bias=False),
        shape=(5,),
    ),
    "rows of numbers": lambda: chain(layers.Flatten(), layers.Dense(3), shape=(6, 5)),
    "pools": lambda: chain(
        layers.AveragePooling2D(3, strides=1),
        layers.MaxPooling2D(2, strides=3),
        layers.ZeroPadding2D(1),
        layers.Conv2D(4, 3, strides=2, activation="silu"),
    ),
    "trained": trained,
    "a way around": with_a_way_around,
    "a smaller way around": with_a_smaller_way_around,
    "ways within ways": with_ways_within_ways,
}


@pytest.mark.parametrize("name", BUILT)
def test_what_is_built_in_keras_is_imported(name: str, tmp_path: Path) -> None:
    model = shuffled(BUILT[name]())

    bundle = read(model, tmp_path)

    assert_alike(bundle, model)
    assert_alike(bundle, loaded(keras_format.write(bundle), tmp_path))


def with_an_operator():
    x = keras.Input((4,))
    return keras.Model(x, x + layers.Dense(4)(x))


def with_a_layer_twice():
    x = keras.Input((4,))
    dense = layers.Dense(4)
    return keras.Model(x, dense(dense(x)))


def with_an_output_on_the_way():
    x = keras.Input((4,))
    y = layers.Dense(4)(x)
    return keras.Model(x, [y, layers.Dense(3)(y)])


def with_two_inputs():
    x, y = keras.Input((4,)), keras.Input((4,))
    return keras.Model([x, y], layers.Add()([x, y]))


def with_two_bodies():
    x = keras.Input((4,))
    return keras.Model(x, layers.Add()([layers.Dense(4)(x), layers.Dense(4)(x)]))


def that_always_drops():
    x = keras.Input((4,))
    return keras.Model(x, layers.Dropout(0.5)(x, training=True))


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
    "an operator": (with_an_operator, "'Add' of 'keras.src.ops"),
    "a layer twice": (with_a_layer_twice, "more than once"),
    "an output on the way": (with_an_output_on_the_way, "the model gives"),
    "two inputs": (with_two_inputs, "one InputLayer"),
    "two bodies": (with_two_bodies, "one of its ways"),
    "dropping in inference": (that_always_drops, "'training': True"),
    "a model within": (
        lambda: chain(chain(layers.Dense(3), shape=(4,)), shape=(4,)),
        "'Sequential'",
    ),
    "an oblong kernel": (lambda: chain(layers.Conv2D(2, (3, 2))), "kernel_size"),
    "a padded pool": (lambda: chain(layers.MaxPooling2D(padding="same")), "padding"),
    "bilinear": (lambda: chain(layers.UpSampling2D(interpolation="bilinear")), "interpolation"),
    "a capped ReLU": (lambda: chain(layers.ReLU(max_value=6)), "max_value"),
    "another activation": (lambda: chain(layers.Conv2D(2, 3, activation="softplus")), "softplus"),
    "another epsilon": (lambda: chain(layers.LayerNormalization(), shape=(4,)), "epsilon"),
    "a norm of rows": (lambda: chain(layers.BatchNormalization(axis=1)), "axis"),
    "a cropped image": (lambda: chain(layers.Cropping2D(1)), "Cropping2D"),
    "zeros before a pool": (
        lambda: chain(layers.ZeroPadding2D(1), layers.MaxPooling2D()),
        "zeros around",
    ),
    "Keras' order in a reshape": (lambda: chain(layers.Reshape((6, 24, 2))), "order"),
    "a turned image": (lambda: chain(layers.Permute((2, 1, 3))), "dims"),
    "a flattened end": (lambda: chain(layers.Flatten()), "Dense has to follow"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_engine_has_not_is_refused(name: str, tmp_path: Path) -> None:
    build, words = REFUSED[name]

    with pytest.raises(UnusableFile, match=words):
        read(build(), tmp_path)
