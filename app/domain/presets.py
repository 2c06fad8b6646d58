"""Networks that are known to read MNIST well, each with the recipe that suits it."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from app.domain.definitions import NetworkDefinition
from app.domain.layers.activations import Softmax
from app.domain.layers.dense import Dense
from app.domain.recipes import Recipe
from app.domain.spec import Spec
from app.domain.text import Name


@dataclass(frozen=True)
class Preset:
    """A definition and a recipe under one name."""

    description: str
    definition: NetworkDefinition
    recipe: Recipe

    def telling(self, classes: int) -> NetworkDefinition:
        """The definition with an output for each of so many classes, where it tells classes."""
        *before, last, end = self.definition.layers
        if not (isinstance(last, Dense) and isinstance(end, Softmax)):
            return self.definition
        last = last.model_copy(update={"output_dim": classes})
        return self.definition.model_copy(update={"layers": [*before, last, end]})


def _preset(description: str, layers: list[dict[str, Any]], recipe: dict[str, Any]) -> Preset:
    definition = {"input_shape": [1, 28, 28], "layers": layers}
    return Preset(
        description, NetworkDefinition.model_validate(definition), Recipe.model_validate(recipe)
    )


def _conv(channels: int, kernel_size: int, padding: str = "valid") -> dict[str, Any]:
    return {
        "type": "conv2d",
        "output_channels": channels,
        "kernel_size": kernel_size,
        "padding": padding,
    }


def _dense(output_dim: int) -> dict[str, Any]:
    return {"type": "dense", "output_dim": output_dim}


def _dropout(rate: float) -> dict[str, Any]:
    return {"type": "dropout", "rate": rate}


def _conv_transpose(channels: int) -> dict[str, Any]:
    """Doubles an image's height and width."""
    return {
        "type": "conv2d_transpose",
        "output_channels": channels,
        "kernel_size": 4,
        "stride": 2,
        "padding": 1,
    }


_RELU: dict[str, Any] = {"type": "relu"}
_POOL: dict[str, Any] = {"type": "max_pool2d"}
_FLATTEN: dict[str, Any] = {"type": "flatten"}
_SOFTMAX: dict[str, Any] = {"type": "softmax"}


def _block(channels: int) -> dict[str, Any]:
    """Two convolutions that keep the image's size, and the way around them."""
    return {
        "type": "residual",
        "layers": [
            *_normalised(channels),
            {**_conv(channels, 3, "same"), "bias": False},
            {"type": "batch_norm"},
        ],
    }


def _normalised(channels: int) -> list[dict[str, Any]]:
    """A convolution whose batch norm makes a bias needless."""
    return [{**_conv(channels, 3, "same"), "bias": False}, {"type": "batch_norm"}, _RELU]


_AFFINE = {"rotate": 8, "translate": 1, "scale": 0.08, "shear": 4}
_ELASTIC = {**_AFFINE, "elastic": 1}
"""Stronger changes make images that the test split has not, and read it worse."""

_LARGE = {"rotate": 15, "translate": 1, "scale": 0.12, "shear": 8}
"""For a network that has no convolutions to see the same thing elsewhere: it reads the test split
as well as with less, and drawings better."""


def _recipe(
    epochs: int,
    learning_rate: float,
    ema: float,
    augmentation: dict[str, float],
    weight_decay: float = 0.01,
    **more: Any,
) -> dict[str, Any]:
    """AdamW along half a cosine: what suits all of them."""
    optimizer = {"type": "adamw", "learning_rate": learning_rate, "weight_decay": weight_decay}
    return {
        "epochs": epochs,
        "optimizer": optimizer,
        "schedule": {"type": "cosine", "warmup_epochs": 0.3},
        "augmentation": augmentation or None,
        "ema": ema,
        **more,
    }


PresetName = Literal["linear", "mlp", "lenet5", "cnn", "resnet", "autoencoder"]

PRESETS: dict[PresetName, Preset] = {
    "linear": _preset(
        "Softmax regression: one layer of weights, no hidden units. Trains in seconds, reads about "
        "92 of 100 digits.",
        [_FLATTEN, _dense(10), _SOFTMAX],
        _recipe(5, 0.002, 0.99, {}),
    ),
    "mlp": _preset(
        "A multi-layer perceptron with hidden layers of 256 and 128 units: fast, reads almost 99 "
        "of 100 digits.",
        [_FLATTEN, _dense(256), _RELU, _dense(128), _RELU, _dense(10), _SOFTMAX],
        _recipe(10, 0.003, 0.99, _LARGE),
    ),
    "lenet5": _preset(
        "LeNet-5 (LeCun et al. 1998) with ReLU and max pooling: a small convolutional network, "
        "misreads fewer than 1 of 100 digits.",
        [
            *(_conv(6, 5, "same"), _RELU, _POOL),
            *(_conv(16, 5), _RELU, _POOL),
            *(_FLATTEN, _dense(120), _RELU, _dense(84), _RELU, _dense(10), _SOFTMAX),
        ],
        _recipe(8, 0.003, 0.99, _AFFINE),
    ),
    "cnn": _preset(
        "Two convolutions of 32 and 64 channels and a hidden layer of 128 units: takes some ten "
        "minutes, misreads fewer than 1 of 200 digits.",
        [
            *(_conv(32, 3), _RELU, _conv(64, 3), _RELU, _POOL, _dropout(0.25)),
            *(_FLATTEN, _dense(128), _RELU, _dropout(0.4), _dense(10), _SOFTMAX),
        ],
        _recipe(14, 0.002, 0.998, _ELASTIC, weight_decay=0.05, validation_split=0.05),
    ),
    "resnet": _preset(
        "Four residual blocks of up to 96 channels with batch normalization (He et al. 2016): "
        "takes half an hour, misreads about 1 of 300 digits.",
        [
            *(*_normalised(24), _POOL),
            *(_block(48), _RELU, _block(48), _RELU, _POOL),
            *(_block(96), _RELU, _block(96), _RELU),
            *({"type": "global_avg_pool2d"}, _dropout(0.3), _dense(10), _SOFTMAX),
        ],
        _recipe(16, 0.004, 0.998, _ELASTIC, weight_decay=0.05, validation_split=0.05),
    ),
    "autoencoder": _preset(
        "Squeezes an image into 32 numbers and paints it again by transposed convolution: predict "
        "answers the reconstruction and its error.",
        [
            *({**_conv(16, 3, "same"), "stride": 2}, _RELU),
            *({**_conv(32, 3, "same"), "stride": 2}, _RELU),
            *(_FLATTEN, _dense(32), _dense(1568), _RELU),
            {"type": "reshape", "shape": [32, 7, 7]},
            *(_conv_transpose(16), _RELU, _conv_transpose(1), {"type": "sigmoid"}),
        ],
        _recipe(10, 0.002, 0.99, {}, loss={"type": "mse"}),
    ),
}


class PresetReference(Spec):
    """A network by the name of a preset."""

    preset: PresetName = Field(description="A name from the catalog.", examples=["lenet5"])
    name: Name | None = Field(None, description="What a person calls it.")
