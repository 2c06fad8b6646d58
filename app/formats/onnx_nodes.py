"""The catalog's layers as nodes of an ONNX graph, one function each.

ONNX, like the engine, has the channels first. Its kernels are (out, in, k, k), and (in, out, k, k)
where the convolution is transposed; the engine's are (k, k, in, out) for both.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from app.domain.layers import activations as act
from app.domain.layers import convolution, pooling, regularization, reshape
from app.domain.layers.base import LayerSpec, Placed, walk
from app.domain.layers.dense import Dense
from app.domain.layers.residual import Residual
from app.formats.onnx_graph import Graph
from engine.arrays import Shape
from engine.layers import residual, windows
from engine.layers.normalization import EPSILON

_OUT_IN, _IN_OUT = (3, 2, 0, 1), (2, 3, 0, 1)
"""The engine's axes in the order of ONNX's kernels."""

Translation = Callable[[Graph, Any, Shape, str, str], str]
"""Adds a layer to a graph, given its spec, the shape of a sample before it, the beginning of its
arrays' names, and the value that it reads; gives the value that it ends with."""


def chain(graph: Graph, placed: Sequence[Placed], prefix: str, x: str) -> str:
    """Layers one after the other, from the value `x`; the value that they end with."""
    for place, spec, before, _ in placed:
        x = TRANSLATIONS[type(spec)](graph, spec, before, f"{prefix}{place}.", x)
    return x


def _dense(graph: Graph, spec: Dense, shape: Shape, prefix: str, x: str) -> str:
    bias = [graph.weights(f"{prefix}b")] if spec.bias else []
    return graph.node("Gemm", x, graph.weights(f"{prefix}W"), *bias)


def _conv2d(graph: Graph, spec: convolution.Conv2D, shape: Shape, prefix: str, x: str) -> str:
    # Explicit zeros: what ONNX calls SAME depends on the stride.
    before, after = windows.same_padding(spec.kernel_size) if spec.padding == "same" else (0, 0)
    kernel = graph.weights(f"{prefix}kernel", *_OUT_IN)
    bias = [graph.weights(f"{prefix}bias")] if spec.bias else []
    return graph.node(
        "Conv",
        *(x, kernel, *bias),
        kernel_shape=[spec.kernel_size] * 2,
        strides=[spec.stride] * 2,
        pads=[before, before, after, after],
    )


def _conv2d_transpose(
    graph: Graph, spec: convolution.Conv2DTranspose, shape: Shape, prefix: str, x: str
) -> str:
    kernel = graph.weights(f"{prefix}kernel", *_IN_OUT)
    bias = [graph.weights(f"{prefix}bias")] if spec.bias else []
    return graph.node(
        "ConvTranspose",
        *(x, kernel, *bias),
        kernel_shape=[spec.kernel_size] * 2,
        strides=[spec.stride] * 2,
        pads=[spec.padding] * 4,
    )


def _pool(op: str) -> Translation:
    def translate(
        graph: Graph,
        spec: pooling.MaxPool2D | pooling.AvgPool2D,
        shape: Shape,
        prefix: str,
        x: str,
    ) -> str:
        stride = spec.stride or spec.kernel_size
        return graph.node(op, x, kernel_shape=[spec.kernel_size] * 2, strides=[stride] * 2)

    return translate


def _global_avg_pool2d(graph: Graph, spec: LayerSpec, shape: Shape, prefix: str, x: str) -> str:
    return graph.node("Flatten", graph.node("GlobalAveragePool", x))


def _flatten(graph: Graph, spec: LayerSpec, shape: Shape, prefix: str, x: str) -> str:
    return graph.node("Flatten", x)


def _reshape(graph: Graph, spec: reshape.Reshape, shape: Shape, prefix: str, x: str) -> str:
    size = graph.constant(f"{prefix}shape", np.array([-1, *spec.shape], np.int64))
    return graph.node("Reshape", x, size)


def _upsample2d(graph: Graph, spec: reshape.Upsample2D, shape: Shape, prefix: str, x: str) -> str:
    factors = np.array([1, 1, spec.factor, spec.factor], np.float32)
    scales = graph.constant(f"{prefix}scales", factors)
    # Pixel i is read from i / factor, rounded down: each is repeated, none is blended.
    return graph.node(
        "Resize",
        *(x, "", scales),
        mode="nearest",
        nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )


def _elementwise(op: str, **attributes: Any) -> Translation:
    def translate(graph: Graph, spec: LayerSpec, shape: Shape, prefix: str, x: str) -> str:
        return graph.node(op, x, **attributes)

    return translate


def _leaky_relu(graph: Graph, spec: act.LeakyReLU, shape: Shape, prefix: str, x: str) -> str:
    return graph.node("LeakyRelu", x, alpha=spec.negative_slope)


def _elu(graph: Graph, spec: act.ELU, shape: Shape, prefix: str, x: str) -> str:
    return graph.node("Elu", x, alpha=spec.alpha)


def _silu(graph: Graph, spec: LayerSpec, shape: Shape, prefix: str, x: str) -> str:
    return graph.node("Mul", x, graph.node("Sigmoid", x))


def _dropout(graph: Graph, spec: LayerSpec, shape: Shape, prefix: str, x: str) -> str:
    return x  # it is absent in inference


def _batch_norm(graph: Graph, spec: LayerSpec, shape: Shape, prefix: str, x: str) -> str:
    names = ("scale", "shift", "mean", "variance")
    arrays = [graph.weights(f"{prefix}{name}") for name in names]
    return graph.node("BatchNormalization", x, *arrays, epsilon=EPSILON)


def _layer_norm(graph: Graph, spec: LayerSpec, shape: Shape, prefix: str, x: str) -> str:
    arrays = [graph.weights(f"{prefix}{name}") for name in ("scale", "shift")]
    return graph.node("LayerNormalization", x, *arrays, axis=1, epsilon=EPSILON)


def _residual(graph: Graph, spec: Residual, shape: Shape, prefix: str, x: str) -> str:
    placed = list(walk(spec.layers, shape))
    through, after = chain(graph, placed, prefix, x), placed[-1].after
    around = x if after == shape else _projection(graph, shape, after, f"{prefix}projection.", x)
    return graph.node("Add", through, around)


def _projection(graph: Graph, before: Shape, after: Shape, prefix: str, x: str) -> str:
    """The way around a body that changes the shape, as `residual.projection_for` makes it."""
    if len(before) == 1:
        return graph.node("Gemm", x, graph.weights(f"{prefix}W"))
    stride = residual.projection_stride(before, after)
    kernel = graph.weights(f"{prefix}kernel", *_OUT_IN)
    return graph.node("Conv", x, kernel, kernel_shape=[1, 1], strides=[stride] * 2)


TRANSLATIONS: dict[type[LayerSpec], Translation] = {
    Dense: _dense,
    convolution.Conv2D: _conv2d,
    convolution.Conv2DTranspose: _conv2d_transpose,
    pooling.MaxPool2D: _pool("MaxPool"),
    pooling.AvgPool2D: _pool("AveragePool"),
    pooling.GlobalAvgPool2D: _global_avg_pool2d,
    reshape.Flatten: _flatten,
    reshape.Reshape: _reshape,
    reshape.Upsample2D: _upsample2d,
    act.ReLU: _elementwise("Relu"),
    act.LeakyReLU: _leaky_relu,
    act.ELU: _elu,
    act.GELU: _elementwise("Gelu"),
    act.SiLU: _silu,
    act.Sigmoid: _elementwise("Sigmoid"),
    act.Tanh: _elementwise("Tanh"),
    act.Softmax: _elementwise("Softmax", axis=1),
    regularization.Dropout: _dropout,
    regularization.BatchNorm: _batch_norm,
    regularization.LayerNorm: _layer_norm,
    Residual: _residual,
}
"""How each layer of the catalog is written."""
