"""Every layer, forward and back, against PyTorch's. A new layer is one line in CASES."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import DTypeLike
from torch import Tensor, nn

import engine
from engine import (
    ELU,
    GELU,
    AvgPool2D,
    BatchNorm,
    Conv2DLayer,
    Conv2DTrLayer,
    DenseLayer,
    Dropout,
    FlattenLayer,
    GlobalAvgPool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Reshape,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    Upsample2D,
)
from engine.arrays import Array, Shape, batch_first, batch_last
from engine.scratch import ReusedScratch
from parity.twins import Around, buffers, gradients, normal, pour, randomised

BATCH = 6
MEMORY = 0.9
"""What share of itself a running buffer keeps: 1 − PyTorch's momentum."""


@dataclass(frozen=True)
class Case:
    """A layer, the same in PyTorch, and the shape of a sample."""

    name: str
    layer: Callable[[], Layer]
    module: Callable[[], nn.Module]
    shape: Shape

    def twins(self, dtype: DTypeLike) -> tuple[Layer, nn.Module]:
        """Both, with the same weights."""
        layer, module = self.layer(), randomised(self.module())
        pour(module, [layer], dtype)
        return layer, module


@dataclass(frozen=True)
class Precision:
    """What the engine computes in, and how near it then must be."""

    dtype: type[np.floating]
    rtol: float
    atol: float

    def check(self, got: Array, expected: Array) -> None:
        """Fail where the engine is not near PyTorch."""
        assert got.dtype == self.dtype
        np.testing.assert_allclose(got, expected, rtol=self.rtol, atol=self.atol)


# Sums of some hundred products lose a few of the 16 or 7 digits, and near 0 all of them.
PRECISIONS = [Precision(np.float64, 1e-9, 1e-12), Precision(np.float32, 1e-4, 1e-5)]


def block(channels: int, outputs: int, stride: int) -> Layer:
    """A residual of convolutions and batch norm, with a 1×1 convolution around them."""
    body: list[Layer] = [
        Conv2DLayer(3, channels, outputs, "same", stride, bias=False),
        BatchNorm(outputs),
        ReLU(),
        Conv2DLayer(3, outputs, outputs, "same"),
    ]
    return Residual(body, Conv2DLayer(1, channels, outputs, "valid", stride, bias=False))


def torch_block(channels: int, outputs: int, stride: int) -> nn.Module:
    """The same in PyTorch."""
    body = nn.Sequential(
        nn.Conv2d(channels, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
    )
    return Around(body, nn.Conv2d(channels, outputs, 1, stride, bias=False))


CASES = [
    Case("dense", lambda: DenseLayer(5, 4), lambda: nn.Linear(5, 4), (5,)),
    Case(
        "dense without bias",
        lambda: DenseLayer(5, 4, bias=False),
        lambda: nn.Linear(5, 4, bias=False),
        (5,),
    ),
    Case(
        "conv valid",
        lambda: Conv2DLayer(3, 2, 3, "valid"),
        lambda: nn.Conv2d(2, 3, 3),
        (2, 5, 6),
    ),
    Case(
        "conv same",
        lambda: Conv2DLayer(5, 2, 3, "same"),
        lambda: nn.Conv2d(2, 3, 5, padding="same"),
        (2, 6, 5),
    ),
    Case(
        "conv same, even kernel",
        lambda: Conv2DLayer(4, 2, 3, "same"),
        lambda: nn.Conv2d(2, 3, 4, padding="same"),
        (2, 6, 5),
    ),
    Case(
        "conv same, even kernel, stride",
        lambda: Conv2DLayer(2, 2, 3, "same", 2),
        lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(2, 3, 2, 2)),
        (2, 5, 6),
    ),
    Case(
        "conv same, stride",
        lambda: Conv2DLayer(3, 2, 3, "same", 2),
        lambda: nn.Conv2d(2, 3, 3, 2, padding=1),
        (2, 5, 6),
    ),
    Case(
        "conv valid, stride beyond the kernel, ragged",
        lambda: Conv2DLayer(2, 2, 3, "valid", 3),
        lambda: nn.Conv2d(2, 3, 2, 3),
        (2, 7, 9),
    ),
    Case(
        "conv 1×1, stride",
        lambda: Conv2DLayer(1, 2, 3, "valid", 2),
        lambda: nn.Conv2d(2, 3, 1, 2),
        (2, 5, 6),
    ),
    Case(
        "conv without bias",
        lambda: Conv2DLayer(3, 1, 2, "valid", bias=False),
        lambda: nn.Conv2d(1, 2, 3, bias=False),
        (1, 4, 4),
    ),
    Case(
        "transposed",
        lambda: Conv2DTrLayer(3, 2, 3),
        lambda: nn.ConvTranspose2d(2, 3, 3),
        (2, 3, 4),
    ),
    Case(
        "transposed, stride",
        lambda: Conv2DTrLayer(2, 2, 3, 0, 2),
        lambda: nn.ConvTranspose2d(2, 3, 2, 2),
        (2, 3, 4),
    ),
    Case(
        "transposed, stride beyond the kernel",
        lambda: Conv2DTrLayer(2, 2, 3, 0, 3),
        lambda: nn.ConvTranspose2d(2, 3, 2, 3),
        (2, 3, 4),
    ),
    Case(
        "transposed, padding",
        lambda: Conv2DTrLayer(3, 2, 3, 1),
        lambda: nn.ConvTranspose2d(2, 3, 3, padding=1),
        (2, 3, 4),
    ),
    Case(
        "transposed, padding and stride",
        lambda: Conv2DTrLayer(4, 2, 3, 1, 2),
        lambda: nn.ConvTranspose2d(2, 3, 4, 2, padding=1),
        (2, 3, 4),
    ),
    Case(
        "transposed without bias",
        lambda: Conv2DTrLayer(3, 1, 2, bias=False),
        lambda: nn.ConvTranspose2d(1, 2, 3, bias=False),
        (1, 3, 3),
    ),
    Case("max pool", MaxPool2D, lambda: nn.MaxPool2d(2), (2, 4, 6)),
    Case("max pool ragged", MaxPool2D, lambda: nn.MaxPool2d(2), (2, 5, 7)),
    Case("max pool overlapping", lambda: MaxPool2D(3, 2), lambda: nn.MaxPool2d(3, 2), (2, 5, 8)),
    Case("max pool with gaps", lambda: MaxPool2D(2, 3), lambda: nn.MaxPool2d(2, 3), (2, 6, 8)),
    Case("average pool", AvgPool2D, lambda: nn.AvgPool2d(2), (2, 4, 6)),
    Case("average pool ragged", AvgPool2D, lambda: nn.AvgPool2d(2), (2, 5, 7)),
    Case(
        "average pool overlapping", lambda: AvgPool2D(3, 2), lambda: nn.AvgPool2d(3, 2), (2, 5, 8)
    ),
    Case("average pool with gaps", lambda: AvgPool2D(2, 3), lambda: nn.AvgPool2d(2, 3), (2, 6, 8)),
    Case(
        "global average pool",
        GlobalAvgPool2D,
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        (2, 3, 4),
    ),
    Case("flatten", FlattenLayer, nn.Flatten, (2, 3, 4)),
    Case("reshape", lambda: Reshape((3, 2, 2)), lambda: nn.Unflatten(1, (3, 2, 2)), (12,)),
    Case("upsample", Upsample2D, lambda: nn.Upsample(scale_factor=2), (2, 3, 2)),
    Case("upsample by 3", lambda: Upsample2D(3), lambda: nn.Upsample(scale_factor=3), (2, 2, 3)),
    Case("relu", ReLU, nn.ReLU, (4, 5)),
    Case("leaky relu", lambda: LeakyReLU(0.1), lambda: nn.LeakyReLU(0.1), (4, 5)),
    Case("elu", lambda: ELU(1.5), lambda: nn.ELU(1.5), (4, 5)),
    Case("gelu", GELU, nn.GELU, (4, 5)),
    Case("silu", SiLU, nn.SiLU, (4, 5)),
    Case("sigmoid", Sigmoid, nn.Sigmoid, (4, 5)),
    Case("tanh", Tanh, nn.Tanh, (4, 5)),
    Case("softmax", Softmax, lambda: nn.Softmax(dim=1), (7,)),
    Case("dropout", lambda: Dropout(0.4), lambda: nn.Dropout(0.4), (4, 5)),
    Case("batch norm flat", lambda: BatchNorm(5), lambda: nn.BatchNorm1d(5), (5,)),
    Case("batch norm image", lambda: BatchNorm(2), lambda: nn.BatchNorm2d(2), (2, 3, 4)),
    Case("layer norm flat", lambda: LayerNorm((6,)), lambda: nn.LayerNorm(6), (6,)),
    Case(
        "layer norm image",
        lambda: LayerNorm((2, 3, 2)),
        lambda: nn.LayerNorm((2, 3, 2)),
        (2, 3, 2),
    ),
    Case(
        "residual",
        lambda: Residual([DenseLayer(5, 5), Tanh()]),
        lambda: Around(nn.Sequential(nn.Linear(5, 5), nn.Tanh()), nn.Identity()),
        (5,),
    ),
    Case(
        "residual of a view and what writes over its input",
        lambda: Residual([Dropout(0.4), ReLU()]),
        lambda: Around(nn.Sequential(nn.Dropout(0.4), nn.ReLU()), nn.Identity()),
        (4, 5),
    ),
    Case(
        "residual, dense projection",
        lambda: Residual([DenseLayer(5, 3), Tanh()], DenseLayer(5, 3, bias=False)),
        lambda: Around(
            nn.Sequential(nn.Linear(5, 3), nn.Tanh()),
            nn.Linear(5, 3, bias=False),
        ),
        (5,),
    ),
    Case("residual, projection", lambda: block(2, 3, 2), lambda: torch_block(2, 3, 2), (2, 4, 5)),
    Case(
        "residual in a residual",
        lambda: Residual([block(2, 2, 1), SiLU()]),
        lambda: Around(nn.Sequential(torch_block(2, 2, 1), nn.SiLU()), nn.Identity()),
        (2, 4, 4),
    ),
]
NORMALISING = [case for case in CASES if case.layer().buffer_names]


def scattered(shape: Shape) -> Array:
    return normal(np.random.default_rng(1), shape)


def with_ties(shape: Shape) -> Array:
    """Small whole numbers: zeros for the kinks, and windows with several largest numbers."""
    return np.random.default_rng(1).integers(-2, 3, shape).astype(np.float64)


def far_out(shape: Shape) -> Array:
    """Numbers up to ± 30, where an activation is nearly flat."""
    return scattered(shape) * 10


by_precision = pytest.mark.parametrize("precision", PRECISIONS, ids=["float64", "float32"])
by_values = pytest.mark.parametrize("values", [scattered, with_ties, far_out])
# PyTorch says that such a convolution is slow.
slow_padding = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")


def pulled_back(module: nn.Module, x: Array) -> tuple[Array, Array, Array]:
    """PyTorch's output, a random dL/dy, and dL/dx; the other gradients stay in the module."""
    tensor = torch.from_numpy(x.copy()).requires_grad_()
    y: Tensor = module(tensor)
    dy = normal(np.random.default_rng(2), tuple(y.shape))
    y.backward(torch.from_numpy(dy))  # type: ignore[no-untyped-call]
    assert tensor.grad is not None
    return y.detach().numpy(), dy, tensor.grad.numpy()


def test_every_layer_of_the_engine_has_a_case() -> None:
    listed = {type(case.layer()) for case in CASES}
    public = {getattr(engine, name) for name in engine.__all__}
    layers = {c for c in public if isinstance(c, type) and issubclass(c, Layer) and c is not Layer}

    assert listed == layers


def test_every_layer_with_buffers_is_compared_in_training() -> None:
    assert {type(case.layer()) for case in NORMALISING} == {BatchNorm, Residual}


@slow_padding
@by_precision
@by_values
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inference_and_its_vjp_are_pytorchs(
    case: Case, values: Callable[[Shape], Array], precision: Precision
) -> None:
    layer, module = case.twins(precision.dtype)
    x = values((BATCH, *case.shape))
    expected, dy, expected_dx = pulled_back(module.eval(), x)

    forward = layer.forward(x.astype(precision.dtype))
    y, pullback = layer.vjp(x.astype(precision.dtype))
    dx, by_parameter = pullback(dy.astype(precision.dtype))

    precision.check(forward, expected)
    precision.check(y, expected)
    precision.check(dx, expected_dx)
    for got, gradient in zip(by_parameter, gradients(module), strict=True):
        precision.check(got, gradient)


@by_precision
@by_values
@pytest.mark.parametrize("case", NORMALISING, ids=lambda case: case.name)
def test_training_and_its_vjp_are_pytorchs(
    case: Case, values: Callable[[Shape], Array], precision: Precision
) -> None:
    layer, module = case.twins(precision.dtype)
    x = values((BATCH, *case.shape))
    before = [buffer.copy() for buffer in layer.buffers]
    expected, dy, expected_dx = pulled_back(module.train(), x)
    by_parameter = {name: np.empty_like(layer.array(name)) for name in layer.parameter_names}
    seen = {name: np.empty_like(layer.array(name)) for name in layer.buffer_names}
    last = batch_last(x.astype(precision.dtype))

    y, pullback = layer.training_vjp_batch_last(
        last, ReusedScratch(by_parameter, seen), np.random.default_rng(0)
    )
    y = batch_first(y)
    dx, _ = pullback(batch_last(dy.astype(precision.dtype)))

    assert dx is not None
    precision.check(y, expected)
    precision.check(batch_first(dx), expected_dx)
    for got, gradient in zip(by_parameter.values(), gradients(module), strict=True):
        precision.check(got, gradient)
    for old, statistic, running in zip(before, seen.values(), buffers(module), strict=True):
        share = precision.dtype(MEMORY)
        precision.check(share * old + (1 - share) * statistic, running)
