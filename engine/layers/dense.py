"""The fully connected layer."""

from typing import final

import numpy as np
from numpy.typing import ArrayLike

from engine import initializers
from engine.arrays import Array, Pullback, Shape, floating
from engine.errors import ShapeError, at_least, mismatch
from engine.layers.base import Layer
from engine.scratch import Scratch

_FEW = 32
"""Columns. A product of more is not faster in pieces."""

_UNPACKED = 1_000_000
"""Multiplications. The operands of a larger product OpenBLAS copies into panels first, which takes
longer than the product where there are few columns."""


@final
class DenseLayer(Layer):
    """y = Wᵀ x + b, for x a column of `input_dim` numbers.

    dL/dx = W dL/dy,  dL/dW = x dL/dyᵀ,  dL/db = Σ dL/dy

    Args:
        input_dim: The length of an input.
        output_dim: The length of an output.
        W_init: Weights (input_dim, output_dim), copied; LeCun uniform by default.
        b_init: Biases (output_dim,), copied; zeros by default.
        bias: Whether there is a b at all.
    """

    name = "Dense"

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        W_init: ArrayLike | None = None,
        b_init: ArrayLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        at_least(1, input_dim=input_dim, output_dim=output_dim)
        self.input_dim = input_dim
        self.output_dim = output_dim
        if W_init is None:
            rng = initializers.generator()
            W_init = initializers.lecun_uniform(rng, (input_dim, output_dim), input_dim)
        self.W = floating(W_init).copy()
        if self.W.shape != (input_dim, output_dim):
            raise ShapeError(f"Dense has weights {(input_dim, output_dim)}, got {self.W.shape}")
        self.parameter_names = ("W", "b") if bias else ("W",)
        if bias:
            b = np.zeros(output_dim) if b_init is None else b_init
            self.b = floating(b, self.W.dtype).copy()
            if self.b.shape != (output_dim,):
                raise ShapeError(f"Dense has biases {(output_dim,)}, got {self.b.shape}")

    def output_shape(self, input_shape: Shape) -> Shape:
        """(input_dim,) -> (output_dim,)."""
        if input_shape != (self.input_dim,):
            raise mismatch("dense", f"{self.input_dim} numbers a sample", input_shape)
        return (self.output_dim,)

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(input_dim, batch) -> (output_dim, batch)."""
        y = scratch.empty("y", (self.output_dim, x.shape[-1]), x.dtype)
        for some in _pieces(x.shape[-1], self.W.size):
            np.matmul(self.W.T, x[:, some], out=y[:, some])
        if "b" in self.parameter_names:
            y += self.b[:, None]
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            gradients = [np.matmul(x, dy.T, out=scratch.gradient("W", self.W))]
            if "b" in self.parameter_names:
                # Σ dL/dy as a product with ones: BLAS adds short rows faster than np.sum.
                ones = np.ones(dy.shape[1], dy.dtype)
                gradients.append(np.matmul(dy, ones, out=scratch.gradient("b", self.b)))
            if not input_too:
                return None, gradients
            return np.matmul(self.W, dy, out=scratch.empty("dx", x.shape, x.dtype)), gradients

        return self.forward_batch_last(x, scratch), pullback

    def grad_W(self, input_data: ArrayLike) -> Array:
        """The Jacobian dy/dW of every sample: (batch, output_dim, input_dim · output_dim)."""
        return self.grad_param(input_data)[0]

    def grad_b(self, input_data: ArrayLike) -> Array:
        """The Jacobian dy/db of every sample: (batch, output_dim, output_dim)."""
        return self.grad_param(input_data)[1]


def _pieces(columns: int, weights: int) -> list[slice]:
    """The columns of a product with so many weights: all, or some at a time if faster."""
    at_once = _UNPACKED // weights
    if columns > _FEW or not 1 < at_once < columns:
        return [slice(None)]
    return [slice(i, i + at_once) for i in range(0, columns, at_once)]
