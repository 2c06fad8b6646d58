"""Layers that give their numbers mean 0 and variance 1, then a trained scale and shift.

Batch norm does so for each channel over the samples of a batch, layer norm for each sample over its
own numbers. Both carry a gradient back by the same formula: with x̂ the normalised numbers and σ
their deviation before, over the n numbers that were normalised together,

    dL/dx = (dL/dx̂ − mean(dL/dx̂) − x̂ · mean(x̂ · dL/dx̂)) / σ
"""

import math
from typing import final

import numpy as np
from numpy.random import Generator

from engine.arrays import Array, Pullback, Shape
from engine.errors import at_least, mismatch
from engine.layers.base import Layer
from engine.scratch import Scratch

EPSILON = 1e-5
"""Added to every variance, so that a constant can be divided by its deviation."""


@final
class BatchNorm(Layer):
    """y = scale · x̂ + shift, for each channel (Ioffe and Szegedy 2015).

    While training, x̂ = (x − mean) / √(variance + ε) over the samples (and pixels) of a *shard* of
    the batch, 64 samples, not of the whole batch: "ghost batch norm" (Hoffer et al. 2017). Shards
    are what threads share, so the result does not depend on their number, and a batch of 512 is as
    noisy as one of 64, which is said to generalise better. In inference, mean and variance are the
    running ones of training: `mean` and `variance`, the buffers.

    Args:
        channels: Channels of an image (channels, height, width), or flat numbers (channels,).
    """

    name = "BatchNorm"
    parameter_names = ("scale", "shift")
    buffer_names = ("mean", "variance")

    def __init__(self, channels: int) -> None:
        at_least(1, channels=channels)
        self.channels = channels
        self.scale = np.ones(channels)
        self.shift = np.zeros(channels)
        self.mean = np.zeros(channels)
        self.variance = np.ones(channels)

    def output_shape(self, input_shape: Shape) -> Shape:
        """(channels, ...), kept."""
        if input_shape[:1] != (self.channels,):
            raise mismatch("batch_norm", f"({self.channels}, ...)", input_shape)
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(channels, ..., batch) -> the same shape."""
        return self._normalised(x, self.mean, self.variance, scratch)[0]

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`; mean and variance are constants in inference."""
        y, x_hat, inverse = self._normalised(x, self.mean, self.variance, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            gradients = self._gradients(dy.reshape(x_hat.shape), x_hat, scratch)
            if not input_too:
                return None, gradients
            factor = (self.scale * inverse).reshape(-1, *[1] * (dy.ndim - 1))
            return np.multiply(dy, factor, out=scratch.over_gradient(dy)), gradients

        return y, pullback

    def training_vjp_batch_last(
        self, x: Array, scratch: Scratch, rng: Generator
    ) -> tuple[Array, Pullback]:
        """See `Layer.training_vjp_batch_last`; what the running buffers learn goes to `scratch`."""
        flat = x.reshape(self.channels, -1)
        n = flat.shape[1]
        mean, variance = flat.mean(axis=1), flat.var(axis=1)
        scratch.statistic("mean", self.mean)[...] = mean
        scratch.statistic("variance", self.variance)[...] = variance * (n / max(n - 1, 1))
        y, x_hat, inverse = self._normalised(x, mean, variance, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            d = dy.reshape(x_hat.shape)
            by_scale, by_shift = gradients = self._gradients(d, x_hat, scratch)
            if not input_too:
                return None, gradients
            dx = np.multiply(
                x_hat, by_scale[:, None] / -n, out=scratch.empty("dx", d.shape, d.dtype)
            )
            dx -= by_shift[:, None] / n
            dx += d
            dx *= (self.scale * inverse)[:, None]
            return dx.reshape(dy.shape), gradients

        return y, pullback

    def _normalised(
        self, x: Array, mean: Array, variance: Array, scratch: Scratch
    ) -> tuple[Array, Array, Array]:
        """The output, x̂ as (channels, numbers), and 1 / σ."""
        flat = x.reshape(self.channels, -1)
        inverse = 1 / np.sqrt(variance + EPSILON)
        x_hat = np.subtract(flat, mean[:, None], out=scratch.empty("x_hat", flat.shape, x.dtype))
        x_hat *= inverse[:, None]
        y = np.multiply(x_hat, self.scale[:, None], out=scratch.empty("y", flat.shape, x.dtype))
        y += self.shift[:, None]
        return y.reshape(x.shape), x_hat, inverse

    def _gradients(self, dy: Array, x_hat: Array, scratch: Scratch) -> list[Array]:
        """dL/dscale = Σ dL/dy · x̂ and dL/dshift = Σ dL/dy, over the numbers of a channel."""
        product = np.multiply(dy, x_hat, out=scratch.empty("product", dy.shape, dy.dtype))
        by_scale = np.sum(product, axis=1, out=scratch.gradient("scale", self.scale))
        return [by_scale, np.sum(dy, axis=1, out=scratch.gradient("shift", self.shift))]


@final
class LayerNorm(Layer):
    """y = scale · x̂ + shift, x̂ = (x − mean) / √(variance + ε) over a sample (Ba et al. 2016).

    Args:
        shape: The shape of a sample; every number has its own scale and shift.
    """

    name = "LayerNorm"
    parameter_names = ("scale", "shift")

    def __init__(self, shape: Shape) -> None:
        for size in shape:
            at_least(1, size=size)
        self.shape = tuple(shape)
        self.scale = np.ones(self.shape)
        self.shift = np.zeros(self.shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        """The layer's own shape, kept."""
        if input_shape != self.shape:
            raise mismatch("layer_norm", f"{self.shape}", input_shape)
        return input_shape

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        return self._normalised(x, scratch)[0]

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y, x_hat, inverse = self._normalised(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            d = dy.reshape(x_hat.shape)
            product = np.multiply(d, x_hat, out=scratch.empty("product", d.shape, d.dtype))
            gradients = [
                np.sum(values.reshape(dy.shape), axis=-1, out=scratch.gradient(name, self.scale))
                for name, values in (("scale", product), ("shift", d))
            ]
            if not input_too:
                return None, gradients
            dx = np.multiply(
                d, self.scale.reshape(-1, 1), out=scratch.empty("dx", d.shape, d.dtype)
            )
            np.multiply(dx, x_hat, out=product)
            along = product.mean(axis=0)
            dx -= dx.mean(axis=0)
            dx -= np.multiply(x_hat, along, out=product)
            dx *= inverse
            return dx.reshape(dy.shape), gradients

        return y, pullback

    def _normalised(self, x: Array, scratch: Scratch) -> tuple[Array, Array, Array]:
        """The output, x̂ as (numbers, batch), and 1 / σ of every sample."""
        flat = x.reshape(math.prod(self.shape), -1)
        inverse = 1 / np.sqrt(flat.var(axis=0) + EPSILON)
        x_hat = np.subtract(
            flat, flat.mean(axis=0), out=scratch.empty("x_hat", flat.shape, x.dtype)
        )
        x_hat *= inverse
        y = np.multiply(
            x_hat, self.scale.reshape(-1, 1), out=scratch.empty("y", flat.shape, x.dtype)
        )
        y += self.shift.reshape(-1, 1)
        return y.reshape(x.shape), x_hat, inverse
