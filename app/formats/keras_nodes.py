"""The catalog's layers as layers of a Keras model, one function each.

Keras has the channels last, which every backend of it can compute. A flattened image is in another
order then, so a Permute turns it to the engine's before.
"""

from collections.abc import Callable, Sequence

from app.domain.definitions import NetworkDefinition
from app.domain.layers import activations as act
from app.domain.layers import convolution, pooling, regularization, reshape
from app.domain.layers.base import LayerSpec, Placed, walk
from app.domain.layers.dense import Dense
from app.domain.layers.residual import Residual
from app.formats.keras_graph import CHANNELS_LAST, Graph, Variable, last, matters
from engine.arrays import Shape
from engine.layers import residual, windows
from engine.layers.normalization import EPSILON


def graph_of(definition: NetworkDefinition) -> Graph:
    """The Keras model of a network."""
    graph = Graph()
    shape = tuple(definition.input_shape)
    first = graph.add("InputLayer", [], last(shape), {"batch_shape": [None, *last(shape)]})
    chain(graph, list(walk(definition.layers, shape)), "", first)
    return graph


def chain(graph: Graph, placed: Sequence[Placed], prefix: str, x: str) -> str:
    """Layers one after the other, from the value `x`; the value that they end with."""
    for one in placed:
        x = _TRANSLATIONS[type(one.spec)](graph, one, f"{prefix}{one.place}.", x)
    return x


def _dense(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    spec = placed.spec
    assert isinstance(spec, Dense)  # noqa: S101 - see _TRANSLATIONS
    return _dense_of(
        graph, x, spec.output_dim, [f"{prefix}{n}" for n in ("W", "b")[: 1 + spec.bias]]
    )


def _dense_of(graph: Graph, x: str, outputs: int, names: Sequence[str]) -> str:
    config = {"units": outputs, "activation": "linear", "use_bias": len(names) > 1}
    return graph.add("Dense", [x], (outputs,), config, [Variable(name) for name in names])


def _conv2d(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    spec = placed.spec
    assert isinstance(spec, convolution.Conv2D)  # noqa: S101
    padding = spec.padding
    if padding == "same" and spec.stride > 1:  # Keras would put its zeros elsewhere
        pads = windows.same_padding(spec.kernel_size)
        channels, *size = placed.before
        padded = (*(n + sum(pads) for n in size), channels)
        x = graph.add("ZeroPadding2D", [x], padded, {"padding": [list(pads), list(pads)]})
        padding = "valid"
    variables = [Variable(f"{prefix}{n}") for n in ("kernel", "bias")[: 1 + spec.bias]]
    return _conv(graph, placed, x, spec.kernel_size, spec.stride, padding, variables)


def _conv(
    graph: Graph,
    placed: Placed,
    x: str,
    kernel_size: int,
    stride: int,
    padding: str,
    variables: Sequence[Variable],
) -> str:
    config = {
        "filters": placed.after[0],
        "kernel_size": [kernel_size] * 2,
        "strides": [stride] * 2,
        "padding": padding,
        "data_format": "channels_last",
        "activation": "linear",
        "use_bias": len(variables) > 1,
    }
    return graph.add("Conv2D", [x], last(placed.after), config, variables)


def _conv2d_transpose(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    spec = placed.spec
    assert isinstance(spec, convolution.Conv2DTranspose)  # noqa: S101
    beyond = max(spec.stride - spec.kernel_size, 0)  # rows that Keras adds, and nothing paints on
    crop = [spec.padding, spec.padding + beyond]
    size = [n + sum(crop) for n in placed.after[1:]]
    config = {
        "filters": spec.output_channels,
        "kernel_size": [spec.kernel_size] * 2,
        "strides": [spec.stride] * 2,
        "padding": "valid",
        "data_format": "channels_last",
        "activation": "linear",
        "use_bias": spec.bias,
    }
    variables = [Variable(f"{prefix}kernel", (0, 1, 3, 2)), Variable(f"{prefix}bias")]
    painted = (*size, spec.output_channels)
    x = graph.add("Conv2DTranspose", [x], painted, config, variables[: 1 + spec.bias])
    if any(crop):
        x = graph.add("Cropping2D", [x], last(placed.after), {"cropping": [crop, crop]})
    return x


def _pool(kind: str) -> Callable[..., str]:
    def translate(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
        spec = placed.spec
        assert isinstance(spec, pooling.MaxPool2D | pooling.AvgPool2D)  # noqa: S101
        config = {
            "pool_size": [spec.kernel_size] * 2,
            "strides": [spec.stride or spec.kernel_size] * 2,
            "padding": "valid",
            "data_format": "channels_last",
        }
        return graph.add(kind, [x], last(placed.after), config)

    return translate


def _global_avg_pool2d(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    config = {"data_format": "channels_last"}
    return graph.add("GlobalAveragePooling2D", [x], placed.after, config)


def _in_the_engines_order(graph: Graph, shape: Shape, x: str) -> str:
    """An image with its channels first, where that makes a difference to what follows."""
    if not matters(shape):
        return x
    return graph.add("Permute", [x], shape, {"dims": [3, 1, 2]})


def _flatten(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    x = _in_the_engines_order(graph, placed.before, x)
    return graph.add("Flatten", [x], placed.after, {"data_format": "channels_last"})


def _reshape(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    x = _in_the_engines_order(graph, placed.before, x)
    if not matters(placed.after):
        target = last(placed.after)
        return graph.add("Reshape", [x], target, {"target_shape": list(target)})
    x = graph.add("Reshape", [x], placed.after, {"target_shape": list(placed.after)})
    return graph.add("Permute", [x], last(placed.after), {"dims": [2, 3, 1]})


def _upsample2d(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    spec = placed.spec
    assert isinstance(spec, reshape.Upsample2D)  # noqa: S101
    config = {
        "size": [spec.factor] * 2,
        "data_format": "channels_last",
        "interpolation": "nearest",
    }
    return graph.add("UpSampling2D", [x], last(placed.after), config)


def _activation(name: str) -> Callable[..., str]:
    def translate(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
        return graph.same("Activation", x, {"activation": name})

    return translate


def _leaky_relu(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    assert isinstance(placed.spec, act.LeakyReLU)  # noqa: S101
    return graph.same("LeakyReLU", x, {"negative_slope": placed.spec.negative_slope})


def _elu(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    assert isinstance(placed.spec, act.ELU)  # noqa: S101
    return graph.same("ELU", x, {"alpha": placed.spec.alpha})


def _dropout(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    assert isinstance(placed.spec, regularization.Dropout)  # noqa: S101
    return graph.same("Dropout", x, {"rate": placed.spec.rate})


def _batch_norm(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    names = ("scale", "shift", "mean", "variance")
    config = {"axis": 1 if len(placed.before) == 2 else -1, "epsilon": EPSILON}
    return graph.same("BatchNormalization", x, config, [Variable(f"{prefix}{n}") for n in names])


def _layer_norm(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    rank = len(placed.before)
    config = {"axis": list(range(1, rank + 1)), "epsilon": EPSILON}
    axes = CHANNELS_LAST if rank == 3 else ()
    variables = [Variable(f"{prefix}{n}", axes) for n in ("scale", "shift")]
    return graph.same("LayerNormalization", x, config, variables)


def _residual(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    spec = placed.spec
    assert isinstance(spec, Residual)  # noqa: S101
    through = chain(graph, list(walk(spec.layers, placed.before)), prefix, x)
    if placed.before != placed.after:
        x = _projection(graph, placed, f"{prefix}projection.", x)
    return graph.add("Add", [through, x], last(placed.after), {})


def _projection(graph: Graph, placed: Placed, prefix: str, x: str) -> str:
    if len(placed.before) == 1:
        return _dense_of(graph, x, placed.after[0], [f"{prefix}W"])
    stride = residual.projection_stride(placed.before, placed.after)
    return _conv(graph, placed, x, 1, stride, "valid", [Variable(f"{prefix}kernel")])


_TRANSLATIONS: dict[type[LayerSpec], Callable[[Graph, Placed, str, str], str]] = {
    Dense: _dense,
    convolution.Conv2D: _conv2d,
    convolution.Conv2DTranspose: _conv2d_transpose,
    pooling.MaxPool2D: _pool("MaxPooling2D"),
    pooling.AvgPool2D: _pool("AveragePooling2D"),
    pooling.GlobalAvgPool2D: _global_avg_pool2d,
    reshape.Flatten: _flatten,
    reshape.Reshape: _reshape,
    reshape.Upsample2D: _upsample2d,
    act.ReLU: _activation("relu"),
    act.LeakyReLU: _leaky_relu,
    act.ELU: _elu,
    act.GELU: _activation("gelu"),
    act.SiLU: _activation("silu"),
    act.Sigmoid: _activation("sigmoid"),
    act.Tanh: _activation("tanh"),
    act.Softmax: _activation("softmax"),
    regularization.Dropout: _dropout,
    regularization.BatchNorm: _batch_norm,
    regularization.LayerNorm: _layer_norm,
    Residual: _residual,
}
