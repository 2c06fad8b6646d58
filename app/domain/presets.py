"""Networks that are known to read MNIST well, each with the recipe that suits it."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from app.domain.definitions import NetworkDefinition
from app.domain.recipes import Recipe
from app.domain.spec import Spec
from app.domain.text import Name


@dataclass(frozen=True)
class Preset:
    """A definition and a recipe under one name."""

    description: str
    definition: NetworkDefinition
    recipe: Recipe


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


_RELU: dict[str, Any] = {"type": "relu"}
_POOL: dict[str, Any] = {"type": "max_pool2d"}
_FLATTEN: dict[str, Any] = {"type": "flatten"}
_SOFTMAX: dict[str, Any] = {"type": "softmax"}


def _adam_cosine(epochs: int, learning_rate: float, warmup_epochs: float) -> dict[str, Any]:
    return {
        "epochs": epochs,
        "optimizer": {"type": "adam", "learning_rate": learning_rate},
        "schedule": {"type": "cosine", "warmup_epochs": warmup_epochs},
    }


PresetName = Literal["linear", "mlp", "lenet5", "cnn"]

PRESETS: dict[PresetName, Preset] = {
    "linear": _preset(
        "Softmax regression: one layer of weights, no hidden units. Trains in seconds, reads about "
        "92 of 100 digits.",
        [_FLATTEN, _dense(10), _SOFTMAX],
        _adam_cosine(5, 0.002, 0.0),
    ),
    "mlp": _preset(
        "A multi-layer perceptron with hidden layers of 256 and 128 units: fast, reads about 98 of "
        "100 digits.",
        [_FLATTEN, _dense(256), _RELU, _dense(128), _RELU, _dense(10), _SOFTMAX],
        _adam_cosine(5, 0.002, 0.1),
    ),
    "lenet5": _preset(
        "LeNet-5 (LeCun et al. 1998) with ReLU and max pooling: a small convolutional network, "
        "reads about 99 of 100 digits.",
        [
            *(_conv(6, 5, "same"), _RELU, _POOL),
            *(_conv(16, 5), _RELU, _POOL),
            *(_FLATTEN, _dense(120), _RELU, _dense(84), _RELU, _dense(10), _SOFTMAX),
        ],
        _adam_cosine(5, 0.003, 0.1),
    ),
    "cnn": _preset(
        "Two convolutions of 32 and 64 channels and a hidden layer of 128 units: slower to train, "
        "reads more than 99 of 100 digits.",
        [
            *(_conv(32, 3), _RELU, _conv(64, 3), _RELU, _POOL),
            *(_FLATTEN, _dense(128), _RELU, _dense(10), _SOFTMAX),
        ],
        _adam_cosine(5, 0.001, 0.1),
    ),
}


class PresetReference(Spec):
    """A network by the name of a preset."""

    preset: PresetName = Field(description="A name from the catalog.", examples=["lenet5"])
    name: Name | None = Field(None, description="What a person calls it.")
