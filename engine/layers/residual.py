"""Layers with a way around them: y = body(x) + x (He et al. 2016)."""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.random import Generator

from engine import initializers
from engine.arrays import Array, Pullback, Shape
from engine.errors import ShapeError
from engine.layers import chain, windows
from engine.layers.base import Layer
from engine.layers.convolution import Conv2DLayer
from engine.layers.dense import DenseLayer
from engine.scratch import Scratch


@final
class Residual(Layer):
    """y = body(x) + x, or body(x) + projection(x) where the body changes the shape.

    dL/dx = dL/dy carried back through the body + dL/dy carried back the way around

    Its parameters and buffers are those of its layers, named "0.kernel", "projection.kernel".

    Args:
        layers: The body, first to last.
        projection: The way around; None: the input itself. `projection_for` makes one.
    """

    name = "Residual"

    def __init__(self, layers: Sequence[Layer], projection: Layer | None = None) -> None:
        if not layers:
            raise ValueError("a residual goes around one layer or more, got none")
        self.layers = list(layers)
        self.projection = projection
        self._inner = {str(i): layer for i, layer in enumerate(self.layers)}
        if projection is not None:
            self._inner["projection"] = projection
        self.parameter_names = tuple(
            f"{key}.{name}" for key, layer in self._inner.items() for name in layer.parameter_names
        )
        self.buffer_names = tuple(
            f"{key}.{name}" for key, layer in self._inner.items() for name in layer.buffer_names
        )

    def array(self, name: str) -> Array:
        """A parameter or buffer of one of the layers."""
        key, _, rest = name.partition(".")
        return self._inner[key].array(rest)

    def bind(self, name: str, array: Array) -> None:
        """See `Layer.bind`."""
        key, _, rest = name.partition(".")
        self._inner[key].bind(rest, array)

    @property
    def trains_differently(self) -> bool:
        """Whether one of the layers does."""
        return any(layer.trains_differently for layer in self._inner.values())

    def output_shape(self, input_shape: Shape) -> Shape:
        """What the body and the way around both give."""
        through = chain.output_shape(self.layers, input_shape)
        around = input_shape
        if self.projection is not None:
            around = self.projection.output_shape(input_shape)
        if through != around:
            raise ShapeError(
                f"the two ways of a residual cannot meet: its layers make {through} of "
                f"{input_shape}, the way around {around}"
            )
        return through

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> (*output shape, batch)."""
        through = chain.forward(self.layers, x, self._scratches(scratch))
        around = x
        if self.projection is not None:
            around = self.projection.forward_batch_last(x, self._aside(scratch))
        y: Array = scratch.empty("y", through.shape, through.dtype)
        return np.add(through, around, out=y)

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        return self._vjp(x, scratch, None)

    def training_vjp_batch_last(
        self, x: Array, scratch: Scratch, rng: Generator
    ) -> tuple[Array, Pullback]:
        """See `Layer.training_vjp_batch_last`."""
        return self._vjp(x, scratch, rng)

    def _vjp(self, x: Array, scratch: Scratch, rng: Generator | None) -> tuple[Array, Pullback]:
        through, pullbacks = chain.vjp(self.layers, x, self._scratches(scratch), rng)
        around = x
        aside: list[Pullback] = []
        detour = [] if self.projection is None else [self.projection]
        if detour:
            around, aside = chain.vjp(detour, x, [self._aside(scratch)], rng)
        y = np.add(through, around, out=scratch.empty("y", through.shape, through.dtype))

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            # The body may write over dL/dy, so the way around gets its own.
            own = scratch.empty("dy", dy.shape, dy.dtype)
            np.copyto(own, dy)
            first, of_body = chain.pull_back(self.layers, pullbacks, dy, input_too=input_too)
            second, of_detour = chain.pull_back(detour, aside, own, input_too=input_too)
            gradients = [g for layer in (*of_body, *of_detour) for g in layer]
            if first is None or second is None:
                return None, gradients
            out = scratch.empty("dx", first.shape, first.dtype)
            return np.add(first, second, out=out), gradients

        return y, pullback

    def _scratches(self, scratch: Scratch) -> list[Scratch]:
        """The memory of each layer of the body."""
        free = chain.overwritable(self.layers)
        return [scratch.nested(str(i), overwrite_input=f) for i, f in enumerate(free)]

    def _aside(self, scratch: Scratch) -> Scratch:
        """The memory of the projection, which reads the same input as the body."""
        return scratch.nested("projection", overwrite_input=False)


def projection_for(input_shape: Shape, output_shape: Shape, rng: Generator) -> Layer | None:
    """The way around a body that makes `output_shape` of `input_shape`; None: the input itself.

    For images a convolution of 1×1, whose stride makes them smaller; for flat samples dense.

    Raises:
        ShapeError: Neither can do it.
    """
    if input_shape == output_shape:
        return None
    stride = projection_stride(input_shape, output_shape)
    inputs, outputs = input_shape[0], output_shape[0]
    if len(input_shape) == 1:
        weights = initializers.lecun_uniform(rng, (inputs, outputs), inputs)
        return DenseLayer(inputs, outputs, weights.astype(np.float32), bias=False)
    kernel = initializers.lecun_uniform(rng, (1, 1, inputs, outputs), inputs)
    kernel = kernel.astype(np.float32)
    return Conv2DLayer(1, inputs, outputs, "valid", stride, kernel, bias=False)


def projection_stride(input_shape: Shape, output_shape: Shape) -> int:
    """The stride of the projection that makes `output_shape` of `input_shape`; 1 for flat samples.

    Raises:
        ShapeError: There is none.
    """
    if len(input_shape) == len(output_shape) == 1:
        return 1
    if len(input_shape) == len(output_shape) == 3:
        for stride in range(1, max(input_shape[1:]) + 1):
            size = tuple(windows.output_size(n, 1, stride) for n in input_shape[1:])
            if size == output_shape[1:]:
                return stride
    raise ShapeError(
        f"the two ways of a residual cannot meet: its layers make {list(output_shape)} of "
        f"{list(input_shape)}, and neither a dense layer nor a 1×1 convolution does the same"
    )
