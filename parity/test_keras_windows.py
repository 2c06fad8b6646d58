"""Windows of all sizes and strides: never does a convolution see in Keras what it does not here.

What cannot be the same is refused; every size is tried on images whose sides are odd and even.
"""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from keras import layers

from app.domain.definitions import NetworkDefinition
from app.domain.errors import UnusableFile
from app.formats import keras as keras_format
from app.formats.bundle import Bundle
from parity.keras_files import FROM_PYTORCH, assert_alike, chain, loaded, read, shuffled
from tests.app.formats.conftest import bundle_of
from tests.app.formats.networks import conv, transpose

pytestmark = pytest.mark.filterwarnings(FROM_PYTORCH)

WINDOWS = {
    **{
        f"conv2d {k} by {s} {padding}": conv(k, stride=s, padding=padding)
        for k, s, padding in product((1, 2, 3, 5), (1, 2, 3), ("same", "valid"))
    },
    **{
        f"conv2d_transpose {k} by {s} less {padding}": transpose(k, stride=s, padding=padding)
        for k, s, padding in product((1, 2, 3, 4), (1, 2, 3, 5), (0, 1))
    },
}


def read_or_refused(model: Any, folder: Path) -> Bundle | str:
    """What is read of a model, else why it is not."""
    try:
        return read(model, folder)
    except UnusableFile as error:
        return str(error)


@pytest.mark.parametrize("name", WINDOWS)
def test_keras_has_its_windows_where_the_engine_does(name: str, tmp_path: Path) -> None:
    body: dict[str, Any] = {"input_shape": [2, 5, 6], "layers": [WINDOWS[name]]}
    bundle = bundle_of(NetworkDefinition.model_validate(body))

    model = loaded(keras_format.write(bundle), tmp_path)

    assert_alike(bundle, model)
    assert_alike(read(model, tmp_path), model)


@pytest.mark.parametrize(
    ("kernel_size", "stride", "size"), list(product((1, 2, 3, 4, 5), (1, 2, 3), (7, 8)))
)
def test_same_is_read_where_both_have_the_same_zeros(
    kernel_size: int, stride: int, size: int, tmp_path: Path
) -> None:
    layer = layers.Conv2D(3, kernel_size, strides=stride, padding="same")
    model = shuffled(chain(layer, shape=(size, size, 2)))

    found = read_or_refused(model, tmp_path)

    if isinstance(found, Bundle):
        assert_alike(found, model)
    else:
        assert stride > 1
        assert layer.name in found


@pytest.mark.parametrize(
    ("kernel_size", "stride", "padding"), list(product((1, 2, 3, 4), (1, 2, 3), ("same", "valid")))
)
def test_transposed_convolutions_are_read_or_refused(
    kernel_size: int, stride: int, padding: str, tmp_path: Path
) -> None:
    layer = layers.Conv2DTranspose(3, kernel_size, strides=stride, padding=padding)
    model = shuffled(chain(layer, shape=(4, 5, 2)))

    found = read_or_refused(model, tmp_path)

    if isinstance(found, Bundle):
        assert_alike(found, model)
    else:
        assert kernel_size < stride or (padding == "same" and (kernel_size - stride) % 2)
        assert layer.name in found
