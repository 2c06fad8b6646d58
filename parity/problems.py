"""What is trained in both: small networks with their losses, and what they learn from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from engine import (
    BatchNorm,
    Conv2DLayer,
    Conv2DTrLayer,
    CrossEntropy,
    DenseLayer,
    FlattenLayer,
    GlobalAvgPool2D,
    Layer,
    LayerNorm,
    MaxPool2D,
    MeanSquaredError,
    ReLU,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from engine.arrays import Array, Labels
from engine.batches import Samples
from engine.losses import Loss
from parity.twins import Around, normal, pour

TorchLoss: TypeAlias = Callable[[Tensor, Tensor], Tensor]

COUNT = 350
CLASSES = 4
SMOOTHING = 0.1


@dataclass(frozen=True)
class Problem:
    """A network in both, which begin with the same weights, and the same samples for both."""

    layers: list[Layer]
    loss: Loss
    samples: Samples
    module: nn.Module
    torch_loss: TorchLoss
    torch_samples: tuple[Array, Labels]

    def __post_init__(self) -> None:
        # PyTorch drew the weights in float32, so the engine gets them as they are.
        pour(self.module.double(), self.layers, np.float32)


def images() -> tuple[Labels, Labels]:
    """Noisy bytes (1, 8, 8) with a bright row that tells the class, and the classes."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, CLASSES, COUNT)
    x = rng.integers(0, 120, (COUNT, 1, 8, 8))
    x[np.arange(COUNT), 0, classes + 1] += 100
    return x.astype(np.uint8), classes


def perceptron() -> Problem:
    """Two dense layers, and points around a corner of their class."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    classes = rng.integers(0, CLASSES, COUNT)
    points = normal(rng, (COUNT, 6))
    points[np.arange(COUNT), classes] += 2
    return Problem(
        [DenseLayer(6, 16), Tanh(), DenseLayer(16, CLASSES), Softmax()],
        CrossEntropy(SMOOTHING),
        Samples(points.astype(np.float32), classes),
        nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, CLASSES)),
        nn.CrossEntropyLoss(label_smoothing=SMOOTHING),
        (points, classes),
    )


def convolutional() -> Problem:
    """Convolution, max pooling and a dense layer."""
    torch.manual_seed(0)
    x, classes = images()
    return Problem(
        [
            *(Conv2DLayer(3, 1, 4, "same"), ReLU(), MaxPool2D()),
            *(FlattenLayer(), DenseLayer(64, CLASSES), Softmax()),
        ],
        CrossEntropy(),
        Samples(x, classes),
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(64, CLASSES)),
        ),
        nn.CrossEntropyLoss(),
        (x / 255, classes),
    )


def normalising() -> Problem:
    """Batch norm, a residual with batch norm in it and around it, and layer norm."""
    torch.manual_seed(0)
    x, classes = images()
    return Problem(
        [
            *(Conv2DLayer(3, 1, 4, "same", bias=False), BatchNorm(4), ReLU()),
            Residual(
                [
                    *(Conv2DLayer(3, 4, 6, "same", 2, bias=False), BatchNorm(6), SiLU()),
                    Conv2DLayer(3, 6, 6, "same"),
                ],
                Conv2DLayer(1, 4, 6, "valid", 2, bias=False),
            ),
            *(BatchNorm(6), LayerNorm((6, 4, 4)), GlobalAvgPool2D()),
            *(DenseLayer(6, CLASSES), Softmax()),
        ],
        CrossEntropy(),
        Samples(x, classes),
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU()),
            Around(
                nn.Sequential(
                    *(nn.Conv2d(4, 6, 3, 2, padding=1, bias=False), nn.BatchNorm2d(6), nn.SiLU()),
                    nn.Conv2d(6, 6, 3, padding=1),
                ),
                nn.Conv2d(4, 6, 1, 2, bias=False),
            ),
            *(nn.BatchNorm2d(6), nn.LayerNorm((6, 4, 4)), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
            nn.Linear(6, CLASSES),
        ),
        nn.CrossEntropyLoss(),
        (x / 255, classes),
    )


def autoencoder() -> Problem:
    """A convolution and its transpose, which learn to give back what they see."""
    torch.manual_seed(0)
    x, _ = images()
    return Problem(
        [
            *(Conv2DLayer(3, 1, 4, "same", 2), Tanh()),
            *(Conv2DTrLayer(4, 4, 1, 1, 2), Sigmoid()),
        ],
        MeanSquaredError(),
        Samples(x, None),
        nn.Sequential(
            *(nn.Conv2d(1, 4, 3, 2, padding=1), nn.Tanh()),
            *(nn.ConvTranspose2d(4, 1, 4, 2, padding=1), nn.Sigmoid()),
        ),
        nn.MSELoss(),
        (x / 255, x / 255),
    )
