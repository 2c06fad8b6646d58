"""Small networks that between them use every layer with every kind of option."""

from collections.abc import Iterator, Sequence
from typing import Any

from app.domain.definitions import NetworkDefinition

Layer = dict[str, Any]


def conv(kernel_size: int = 3, channels: int = 4, **options: Any) -> Layer:
    return {
        "type": "conv2d",
        "output_channels": channels,
        "kernel_size": kernel_size,
        **options,
    }


def transpose(kernel_size: int, **options: Any) -> Layer:
    own = {"type": "conv2d_transpose", "output_channels": 3, "kernel_size": kernel_size}
    return {**own, **options}


def pool(kind: str, **options: Any) -> Layer:
    return {"type": f"{kind}_pool2d", **options}


def residual(*layers: Layer) -> Layer:
    return {"type": "residual", "layers": list(layers)}


FLATTEN: Layer = {"type": "flatten"}
SOFTMAX: Layer = {"type": "softmax"}
IMAGE, FLAT = [2, 7, 8], [12]


def dense(output_dim: int = 5, **options: Any) -> Layer:
    return {"type": "dense", "output_dim": output_dim, **options}


CASES: dict[str, tuple[list[Layer], list[int]]] = {
    "dense": ([dense()], FLAT),
    "dense without bias": ([dense(bias=False)], FLAT),
    "conv valid": ([conv()], IMAGE),
    "conv same": ([conv(padding="same")], IMAGE),
    "conv same even kernel": ([conv(4, padding="same")], IMAGE),
    "conv same stride 2": ([conv(padding="same", stride=2)], IMAGE),
    "conv same even kernel stride 3": ([conv(2, padding="same", stride=3)], IMAGE),
    "conv stride 2 without bias": ([conv(2, stride=2, bias=False)], IMAGE),
    "transposed": ([transpose(3)], IMAGE),
    "transposed stride 2": ([transpose(2, stride=2)], IMAGE),
    "transposed padding": ([transpose(4, stride=2, padding=1)], IMAGE),
    "transposed stride beyond kernel": ([transpose(2, stride=3, padding=1, bias=False)], IMAGE),
    "max pool": ([pool("max")], IMAGE),
    "max pool overlapping": ([pool("max", kernel_size=3, stride=2)], IMAGE),
    "max pool with gaps": ([pool("max", kernel_size=2, stride=3)], IMAGE),
    "avg pool": ([pool("avg", kernel_size=3)], IMAGE),
    "avg pool overlapping": ([pool("avg", kernel_size=3, stride=1)], IMAGE),
    "global avg pool": ([pool("global_avg")], IMAGE),
    "flatten then dense": ([conv(), FLATTEN, dense()], IMAGE),
    "flatten of flat": ([FLATTEN, dense()], FLAT),
    "reshape to image": ([{"type": "reshape", "shape": [3, 2, 2]}, conv(2)], FLAT),
    "reshape of image": ([{"type": "reshape", "shape": [4, 4, 7]}, conv(2)], IMAGE),
    "reshape to flat": ([conv(), {"type": "reshape", "shape": [120]}, dense()], IMAGE),
    "upsample": ([{"type": "upsample2d"}], IMAGE),
    "upsample by 3": ([{"type": "upsample2d", "factor": 3}], IMAGE),
    "leaky relu": ([{"type": "leaky_relu", "negative_slope": 0.2}], FLAT),
    "elu": ([{"type": "elu", "alpha": 0.7}], IMAGE),
    **{name: ([{"type": name}], FLAT) for name in ("relu", "gelu", "silu", "sigmoid", "tanh")},
    "gelu of an image": ([{"type": "gelu"}], IMAGE),
    "softmax": ([dense(), SOFTMAX], FLAT),
    "dropout": ([{"type": "dropout", "rate": 0.3}, dense()], FLAT),
    "dropout last": ([dense(), {"type": "dropout"}], FLAT),
    "dropout alone": ([{"type": "dropout"}], FLAT),
    "batch norm of an image": ([conv(), {"type": "batch_norm"}], IMAGE),
    "batch norm of flat": ([dense(), {"type": "batch_norm"}], FLAT),
    "layer norm of an image": ([conv(), {"type": "layer_norm"}], IMAGE),
    "layer norm of flat": ([{"type": "layer_norm"}, dense()], FLAT),
    "residual": ([residual(conv(3, 2, padding="same"), {"type": "relu"})], IMAGE),
    "residual with projection": ([residual(conv(3, 6, padding="same", stride=2))], IMAGE),
    "residual of flat": ([residual(dense(7), {"type": "tanh"})], FLAT),
    "residual in residual": (
        [
            conv(1, 3),
            residual(
                conv(3, 5, padding="same"),
                residual({"type": "batch_norm"}, {"type": "relu"}),
                conv(2, 6, padding="same", stride=2),
            ),
            pool("max"),
            FLATTEN,
            dense(),
            SOFTMAX,
        ],
        IMAGE,
    ),
}
"""Layers and an input shape, by what they show."""


def definition_of(name: str) -> NetworkDefinition:
    layers, shape = CASES[name]
    body = {"name": name, "input_shape": shape, "layers": layers}
    return NetworkDefinition.model_validate(body)


def types_in(layers: Sequence[Layer]) -> Iterator[str]:
    """The type of every layer, with those inside others."""
    for layer in layers:
        yield layer["type"]
        yield from types_in(layer.get("layers", []))
