"""The known Keras classes, one function each: what is read of its options, and what it adds.

Whatever the engine has not is refused, with the layer's name and what is allowed.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from app.formats.keras_chain import Chain, Json, Layer
from app.formats.keras_graph import CHANNELS_FIRST, last, matters
from engine.arrays import Array, Shape
from engine.layers import windows
from engine.layers.normalization import EPSILON


def _dense(chain: Chain, layer: Layer) -> None:
    if len(chain.shape) != 1:
        raise layer.error(f"it needs flat numbers, got {list(last(chain.shape))}; flatten them")
    bias = layer.option("use_bias", True)
    outputs = layer.size("units")
    kernel, *rest = layer.arrays(1 + bias)
    kernel = _in_order(chain, layer, kernel)
    chain.flattened = None
    named = {"W": kernel, **({"b": rest[0]} if bias else {})}
    chain.add({"type": "dense", "output_dim": outputs, "bias": bias}, (outputs,), **named)
    chain.add(layer.activation())


def _in_order(chain: Chain, layer: Layer, array: Array) -> Array:
    """An array with a row for each number of a flat sample: the rows in the engine's order."""
    image = chain.flattened
    if image is None or 0 in array.strides:  # the same number everywhere is in any order
        return array
    # What the configuration claims may be huge; what an array holds was in the file.
    if array.shape[:1] != (math.prod(image),):
        raise layer.error(
            f"a variable has shape {list(array.shape)}, for {math.prod(image)} inputs"
        )
    rows = np.arange(len(array)).reshape(last(image)).transpose(CHANNELS_FIRST).ravel()
    return array[rows]


def _convolution(layer: Layer, **padding: Any) -> Json:
    layer.option("data_format", "channels_last", "channels_last")
    return {
        "output_channels": layer.size("filters"),
        "kernel_size": layer.square("kernel_size"),
        "stride": layer.square("strides", 1),
        "bias": layer.option("use_bias", True),
        **padding,
    }


def _conv2d(chain: Chain, layer: Layer) -> None:
    _, height, width = chain.image(layer)
    padding = layer.option("padding", "valid", "valid", "same")
    layer.option("groups", 1, 1)
    layer.option("dilation_rate", [1, 1], [1, 1], 1)
    own = {"type": "conv2d", **_convolution(layer)}
    k, stride = own["kernel_size"], own["stride"]
    if chain.padded is not None:
        if padding != "valid" or chain.padded != windows.same_padding(k):
            raise layer.error(
                f"the zeros before it are {list(chain.padded)}, the engine has only "
                f"{list(windows.same_padding(k))} for this kernel"
            )
        chain.padded, padding = None, "same"
    elif padding == "same" and not all(_pads_alike(n, k, stride) for n in (height, width)):
        raise layer.error(
            f'"same" with stride {stride} puts its zeros elsewhere than the engine; use '
            'ZeroPadding2D and "valid"'
        )
    added = sum(windows.same_padding(k)) if padding == "same" else 0
    size = tuple(windows.output_size(n + added, k, stride) for n in (height, width))
    arrays = layer.arrays(1 + own["bias"])
    named = dict(zip(("kernel", "bias"), arrays, strict=False))
    chain.add({**own, "padding": padding}, (own["output_channels"], *size), **named)
    chain.add(layer.activation())


def _pads_alike(size: int, kernel_size: int, stride: int) -> bool:
    """Whether Keras begins with as many zeros as the engine; where it ends makes no difference."""
    total = max((-(-size // stride) - 1) * stride + kernel_size - size, 0)
    return total // 2 == windows.same_padding(kernel_size)[0]


def _conv2d_transpose(chain: Chain, layer: Layer) -> None:
    _, *size = chain.image(layer)
    padding = layer.option("padding", "valid", "valid", "same")
    layer.option("output_padding", None, None)
    layer.option("dilation_rate", [1, 1], [1, 1], 1)
    own = {"type": "conv2d_transpose", **_convolution(layer, padding=0)}
    k, stride = own["kernel_size"], own["stride"]
    if padding == "same":
        if k < stride or (k - stride) % 2:
            raise layer.error('"same" is known where kernel_size - strides is even and 0 or more')
        own["padding"] = (k - stride) // 2
    chain.beyond = max(stride - k, 0) if padding == "valid" else 0
    kernel, *rest = layer.arrays(1 + own["bias"])
    if kernel.ndim != 4:
        raise layer.error(f"its kernel has shape {list(kernel.shape)}, expected four sizes")
    named = {"kernel": kernel.transpose(0, 1, 3, 2), **({"bias": rest[0]} if rest else {})}
    painted = windows.painted_size(tuple(size), k, stride)
    shape = (own["output_channels"], *(n - 2 * own["padding"] for n in painted))
    if min(shape) < 1:
        raise layer.error("nothing is left of its output")
    chain.add(own, shape, **named)
    after = layer.activation()
    if after is not None and chain.beyond:
        raise layer.error("a stride beyond the kernel needs a Cropping2D right after it")
    chain.add(after)


def _cropping2d(chain: Chain, layer: Layer) -> None:
    layer.option("data_format", "channels_last", "channels_last")
    before, after = layer.pairs("cropping")
    own = chain.layers[-1] if chain.layers else {}
    if own.get("type") != "conv2d_transpose" or own["padding"] or after - before != chain.beyond:
        raise layer.error("known only after a valid Conv2DTranspose, and the same on every side")
    channels, *size = chain.shape
    chain.beyond = 0
    shape = (channels, *(n - 2 * before for n in size))
    if before < 0 or min(shape) < 1:
        raise layer.error("nothing is left of the image")
    chain.layers[-1] = {**own, "padding": before}
    chain.shape = shape


def _zero_padding2d(chain: Chain, layer: Layer) -> None:
    chain.image(layer)
    layer.option("data_format", "channels_last", "channels_last")
    chain.padded = layer.pairs("padding")


def _pool(kind: str) -> Callable[[Chain, Layer], None]:
    def read(chain: Chain, layer: Layer) -> None:
        channels, *size = chain.image(layer)
        layer.option("data_format", "channels_last", "channels_last")
        layer.option("padding", "valid", "valid")
        k = layer.square("pool_size", 2)
        stride = layer.square("strides", k)
        if min(size) < k:
            raise layer.error(f"a window of {k} does not fit on {size}")
        after = (channels, *(windows.output_size(n, k, stride) for n in size))
        chain.add({"type": kind, "kernel_size": k, "stride": stride}, after)

    return read


def _global_average(chain: Chain, layer: Layer) -> None:
    channels, _, _ = chain.image(layer)
    layer.option("data_format", "channels_last", "channels_last")
    layer.option("keepdims", False, False)
    chain.add({"type": "global_avg_pool2d"}, (channels,))


def _upsampling2d(chain: Chain, layer: Layer) -> None:
    channels, height, width = chain.image(layer)
    layer.option("data_format", "channels_last", "channels_last")
    layer.option("interpolation", "nearest", "nearest")
    factor = layer.square("size", 2)
    shape = (channels, height * factor, width * factor)
    chain.add({"type": "upsample2d", "factor": factor}, shape)


def _permute(chain: Chain, layer: Layer) -> None:
    dims = layer.option("dims", [0])
    if len(chain.shape) == 3 and dims == ([2, 3, 1] if chain.turned else [3, 1, 2]):
        chain.turned = not chain.turned
        return
    raise layer.error(
        f"dims {dims!r:.40} are known only as [3, 1, 2] before an image is flattened or reshaped, "
        "and as [2, 3, 1] after numbers became one"
    )


def _flatten(chain: Chain, layer: Layer) -> None:
    layer.option("data_format", "channels_last", "channels_last")
    if matters(chain.shape) and not chain.turned:
        chain.flattened = chain.shape
    chain.turned = False
    chain.add({"type": "flatten"}, (math.prod(chain.shape),))


def _reshape(chain: Chain, layer: Layer) -> None:
    target = layer.option("target_shape", [0])
    if not 1 <= len(target) <= 3 or any(type(n) is not int for n in target):
        raise layer.error(f"target_shape {target!r:.60} is not one to three sizes")
    if chain.flattened is not None or (matters(chain.shape) and not chain.turned):
        raise layer.error("the numbers are in Keras' order; put Permute([3, 1, 2]) before it")
    shape = tuple(target)
    chain.turned = len(shape) == 3
    if len(shape) == 3 and (shape[2] == 1 or shape[0] * shape[1] == 1):
        shape, chain.turned = (shape[2], shape[0], shape[1]), False
    if min(shape) < 1 or math.prod(shape) != math.prod(chain.shape):
        raise layer.error(f"{list(last(chain.shape))} cannot become {target}")
    chain.add({"type": "reshape", "shape": list(shape)}, shape)


def _activation(chain: Chain, layer: Layer) -> None:
    chain.add(layer.activation())


def _relu(chain: Chain, layer: Layer) -> None:
    layer.option("max_value", None, None)
    layer.option("negative_slope", 0.0, 0.0, 0)
    layer.option("threshold", 0.0, 0.0, 0)
    chain.add({"type": "relu"})


def _leaky_relu(chain: Chain, layer: Layer) -> None:
    chain.add({"type": "leaky_relu", "negative_slope": layer.option("negative_slope", 0.3)})


def _elu(chain: Chain, layer: Layer) -> None:
    chain.add({"type": "elu", "alpha": layer.option("alpha", 1.0)})


def _softmax(chain: Chain, layer: Layer) -> None:
    layer.option("axis", -1, -1, 1)
    chain.add({"type": "softmax"})


def _dropout(chain: Chain, layer: Layer) -> None:
    layer.option("noise_shape", None, None)
    chain.add({"type": "dropout", "rate": layer.option("rate", 0.5)})


def _affine(layer: Layer, more: int, shape: Shape) -> tuple[Array, Array, list[Array]]:
    """Scale and shift, where one is left out 1 or 0, and the variables after them."""
    scaled, shifted = layer.option("scale", True), layer.option("center", True)
    arrays = layer.arrays(scaled + shifted + more)
    scale = arrays.pop(0) if scaled else _all(1, shape)
    shift = arrays.pop(0) if shifted else _all(0, shape)
    return scale, shift, arrays


def _all(value: float, shape: Shape) -> Array:
    """The same number everywhere, in the memory of one."""
    return np.broadcast_to(np.float32(value), shape)


def _batch_norm(chain: Chain, layer: Layer) -> None:
    rank = len(chain.shape)
    axis = layer.option("axis", -1)
    if (rank == 2 and axis != 1) or (rank != 2 and axis not in (-1, rank)):
        raise layer.error(f"axis is {axis}, expected that of the channels")
    scale, shift, (mean, variance) = _affine(layer, 2, (chain.shape[0],))
    epsilon = layer.option("epsilon", 0.001)
    if variance.size and not variance.min() + epsilon >= EPSILON:
        raise layer.error(f"epsilon {epsilon} is too small; the engine's is {EPSILON}")
    # What Keras adds beyond the engine's own is put into the variance.
    variance = variance.astype(np.float64) + (epsilon - EPSILON)
    arrays = {"scale": scale, "shift": shift, "mean": mean, "variance": variance}
    ordered = {name: _in_order(chain, layer, array) for name, array in arrays.items()}
    chain.add({"type": "batch_norm"}, None, **ordered)


def _layer_norm(chain: Chain, layer: Layer) -> None:
    rank = len(chain.shape)
    axis = layer.option("axis", [0]) if isinstance(layer.axis, list) else [layer.option("axis", -1)]
    if [n % (rank + 1) for n in axis] != list(range(1, rank + 1)):
        raise layer.error(f"axis is {axis}, the engine normalises all numbers of a sample")
    epsilon = layer.option("epsilon", 0.001)
    if not abs(epsilon - EPSILON) <= 1e-9:
        raise layer.error(f"epsilon is {epsilon}, the engine has only {EPSILON}")
    layer.option("rms_scaling", False, False)
    scale, shift, _ = _affine(layer, 0, last(chain.shape))
    if rank == 3:
        scale, shift = scale.transpose(CHANNELS_FIRST), shift.transpose(CHANNELS_FIRST)
    ordered = {
        name: _in_order(chain, layer, array) for name, array in (("scale", scale), ("shift", shift))
    }
    chain.add({"type": "layer_norm"}, None, **ordered)


READERS: Mapping[str, Callable[[Chain, Layer], None]] = {
    "Activation": _activation,
    "AveragePooling2D": _pool("avg_pool2d"),
    "BatchNormalization": _batch_norm,
    "Conv2D": _conv2d,
    "Conv2DTranspose": _conv2d_transpose,
    "Cropping2D": _cropping2d,
    "Dense": _dense,
    "Dropout": _dropout,
    "ELU": _elu,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_average,
    "LayerNormalization": _layer_norm,
    "LeakyReLU": _leaky_relu,
    "MaxPooling2D": _pool("max_pool2d"),
    "Permute": _permute,
    "ReLU": _relu,
    "Reshape": _reshape,
    "Softmax": _softmax,
    "UpSampling2D": _upsampling2d,
    "ZeroPadding2D": _zero_padding2d,
}
