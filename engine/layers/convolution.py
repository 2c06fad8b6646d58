"""Convolution and its transpose, as products with the patches that a window sees.

Patches of a whole layer are many times its input, so they are made, multiplied and forgotten block
by block, small enough to stay in the cache; backward makes them again, which is cheaper than
fetching them from memory.
"""

import math
from abc import ABC, abstractmethod
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from engine import initializers
from engine.arrays import Array, Pullback, Shape, floating
from engine.errors import ShapeError, mismatch
from engine.layers import windows
from engine.layers.base import Layer
from engine.scratch import Scratch


class _Convolution(Layer, ABC):
    """What the two have in common: a kernel, a bias and a stride."""

    def __init__(
        self,
        kernel_size: int,
        input_channels: int,
        output_channels: int,
        stride: int,
        K_init: ArrayLike | None,
        b_init: ArrayLike | None,
        bias: bool,
    ) -> None:
        self.kernel_size = kernel_size
        self.input_channels = input_channels
        self.output_channels = output_channels
        self.stride = stride
        shape = (kernel_size, kernel_size, input_channels, output_channels)
        if K_init is None:
            K_init = initializers.unit_uniform(initializers.generator(), shape)
        self.kernel = floating(K_init).copy()
        if self.kernel.shape != shape:
            raise ShapeError(f"{self.name} has a kernel of shape {shape}, got {self.kernel.shape}")
        self.parameter_names = ("kernel", "bias") if bias else ("kernel",)
        if bias:
            b = np.zeros(output_channels) if b_init is None else b_init
            self.bias = floating(b, self.kernel.dtype).copy()

    @abstractmethod
    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(input_channels, height, width, batch) -> (output_channels, rows, columns, batch)."""

    def grad_kernel(self, input_data: ArrayLike) -> Array:
        """The Jacobian dy/dkernel of every sample: (batch, outputs, kernel.size)."""
        return self.grad_param(input_data)[0]

    def grad_bias(self, input_data: ArrayLike) -> Array:
        """The Jacobian dy/dbias of every sample: (batch, outputs, output_channels)."""
        return self.grad_param(input_data)[1]


@final
class Conv2DLayer(_Convolution):
    """y[o, r, c] = b[o] + Σ kernel[i, j, ci, o] · x[ci, r·stride + i, c·stride + j].

    With P the patches that the windows see, (k · k · input_channels) × positions, and K the kernel
    as a matrix, (k · k · input_channels) × output_channels:

    y = Kᵀ P + b,  dL/dK = P dL/dyᵀ,  dL/db = Σ dL/dy,  dL/dx = the patches K dL/dy added back

    Args:
        kernel_size: The side of the window.
        input_channels: Channels of the input.
        output_channels: Channels of the output.
        padding: "same" puts zeros around the input so that stride 1 keeps its size (an even kernel
            has the odd zero at the end), "valid" puts none.
        stride: How far the window moves.
        K_init: Kernel (k, k, input_channels, output_channels), copied; uniform in 0..1 by default.
        b_init: Biases (output_channels,), copied; zeros by default.
        bias: Whether there is a bias at all.
    """

    name = "Conv2D"

    def __init__(
        self,
        kernel_size: int = 3,
        input_channels: int = 2,
        output_channels: int = 3,
        padding: str = "same",
        stride: int = 1,
        K_init: ArrayLike | None = None,
        b_init: ArrayLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(kernel_size, input_channels, output_channels, stride, K_init, b_init, bias)
        if padding not in ("same", "valid"):
            raise ValueError(f'padding is "same" or "valid", got {padding!r}')
        self.padding = padding

    def output_shape(self, input_shape: Shape) -> Shape:
        """(input_channels, height, width) -> (output_channels, rows, columns)."""
        if len(input_shape) != 3 or input_shape[0] != self.input_channels:
            raise mismatch("conv2d", f"({self.input_channels}, height, width)", input_shape)
        padded = [size + sum(self._pads) for size in input_shape[1:]]
        if min(padded) < self.kernel_size:
            raise mismatch("conv2d", f"at least {self.kernel_size}×{self.kernel_size}", input_shape)
        rows, columns = (windows.output_size(n, self.kernel_size, self.stride) for n in padded)
        return (self.output_channels, rows, columns)

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(input_channels, height, width, batch) -> (output_channels, rows, columns, batch)."""
        y = scratch.empty("y", (*self.output_shape(x.shape[:-1]), x.shape[-1]), x.dtype)
        padded = self._pad(x, scratch)
        shape = self._patch_shape(x)
        for rows, columns in windows.blocks(shape, x.itemsize):
            p = self._patches(padded, shape, rows, columns, scratch)
            part = y[:, rows, columns].reshape(self.output_channels, -1)
            np.matmul(self._matrix.T, p, out=part)
        if "bias" in self.parameter_names:
            y += self.bias[:, None, None, None]
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            dy = np.ascontiguousarray(dy)
            padded = self._pad(x, scratch)
            shape = self._patch_shape(x)
            gradient = scratch.gradient("kernel", self.kernel)
            gradient[...] = 0
            product = scratch.empty("product", self._matrix.shape, x.dtype)
            dx = scratch.empty("dx", padded.shape, x.dtype) if input_too else None
            if dx is not None:
                dx[...] = 0
            for rows, columns in windows.blocks(shape, x.itemsize):
                part = dy[:, rows, columns].reshape(self.output_channels, -1)
                p = self._patches(padded, shape, rows, columns, scratch)
                np.matmul(p, part.T, out=product)
                gradient += product.reshape(gradient.shape)
                if dx is not None:
                    np.matmul(self._matrix, part, out=p)
                    seen = dx[:, rows.start * self.stride :, columns.start * self.stride :]
                    block = (*shape[:3], rows.stop - rows.start, columns.stop - columns.start, -1)
                    windows.add_patches(p.reshape(block), self.stride, seen)
            gradients = [gradient]
            if "bias" in self.parameter_names:
                out = scratch.gradient("bias", self.bias)
                gradients.append(np.sum(dy.reshape(len(dy), -1), axis=1, out=out))
            return None if dx is None else self._unpad(dx), gradients

        return y, pullback

    @property
    def _matrix(self) -> Array:
        return self.kernel.reshape(-1, self.output_channels)

    @property
    def _pads(self) -> tuple[int, int]:
        return windows.same_padding(self.kernel_size) if self.padding == "same" else (0, 0)

    def _pad(self, x: Array, scratch: Scratch) -> Array:
        before, after = self._pads
        if before == after == 0:
            return x
        channels, height, width, batch = x.shape
        added = before + after
        padded = scratch.zeros("padded", (channels, height + added, width + added, batch), x.dtype)
        padded[:, before : before + height, before : before + width] = x
        return padded

    def _unpad(self, padded: Array) -> Array:
        before, after = self._pads
        _, height, width, _ = padded.shape
        return padded[:, before : height - after, before : width - after]

    def _patch_shape(self, x: Array) -> Shape:
        k = self.kernel_size
        return (k, k, self.input_channels, *self.output_shape(x.shape[:-1])[1:], x.shape[-1])

    def _patches(
        self, padded: Array, shape: Shape, rows: slice, columns: slice, scratch: Scratch
    ) -> Array:
        """The patches of some of the windows, as a matrix (k · k · input_channels, positions)."""
        block = (*shape[:3], rows.stop - rows.start, columns.stop - columns.start, shape[5])
        seen = padded[:, rows.start * self.stride :, columns.start * self.stride :]
        p = windows.patches(seen, self.stride, scratch.empty("patches", block, padded.dtype))
        return p.reshape(math.prod(shape[:3]), -1)


@final
class Conv2DTrLayer(_Convolution):
    """The adjoint of a convolution: every input number paints the kernel, scaled, on the output.

    y = b + the patches K x added to where a window of stride `stride` would have seen them, and
    `padding` pixels trimmed from each side: height = (h − 1) · stride + k − 2 · padding.

    With P the patches that the windows see of dL/dy (zeros where it was trimmed):

    dL/dx = Kᵀ P,  dL/dK = P xᵀ,  dL/db = Σ dL/dy

    Args:
        kernel_size: The side of the window.
        input_channels: Channels of the input.
        output_channels: Channels of the output.
        padding: How many pixels are trimmed from each side of the output.
        stride: How far apart on the output two neighbours of the input paint.
        K_init: Kernel (k, k, input_channels, output_channels), copied; uniform in 0..1 by default.
        b_init: Biases (output_channels,), copied; zeros by default.
        bias: Whether there is a bias at all.
    """

    name = "Conv2DTr"

    def __init__(
        self,
        kernel_size: int = 3,
        input_channels: int = 2,
        output_channels: int = 3,
        padding: int = 0,
        stride: int = 1,
        K_init: ArrayLike | None = None,
        b_init: ArrayLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(kernel_size, input_channels, output_channels, stride, K_init, b_init, bias)
        self.padding = padding

    def output_shape(self, input_shape: Shape) -> Shape:
        """(input_channels, height, width) -> (output_channels, rows, columns)."""
        if len(input_shape) != 3 or input_shape[0] != self.input_channels:
            raise mismatch(
                "conv2d_transpose", f"({self.input_channels}, height, width)", input_shape
            )
        rows, columns = (n - 2 * self.padding for n in self._painted(input_shape[1:]))
        if min(rows, columns) < 1:
            raise ShapeError(
                f"conv2d_transpose with padding {self.padding} trims away the whole output: "
                f"an input of shape {input_shape} paints {self._painted(input_shape[1:])} pixels"
            )
        return (self.output_channels, rows, columns)

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(input_channels, height, width, batch) -> (output_channels, rows, columns, batch)."""
        self.output_shape(x.shape[:-1])
        _, height, width, batch = x.shape
        shape = (self.output_channels, *self._painted((height, width)), batch)
        painted = scratch.empty("painted", shape, x.dtype)
        painted[...] = 0
        p = scratch.empty("patches", self._patch_shape(x), x.dtype)
        np.matmul(self._matrix, x.reshape(len(x), -1), out=p.reshape(len(self._matrix), -1))
        windows.add_patches(p, self.stride, painted)
        y = self._trim(painted)
        if "bias" in self.parameter_names:
            y += self.bias[:, None, None, None]
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            _, height, width, batch = x.shape
            shape = (self.output_channels, *self._painted((height, width)), batch)
            untrimmed = scratch.zeros("untrimmed", shape, x.dtype)
            self._trim(untrimmed)[...] = dy
            p = scratch.empty("patches", self._patch_shape(x), x.dtype)
            windows.patches(untrimmed, self.stride, p)
            matrix = p.reshape(len(self._matrix), -1)
            flat = np.ascontiguousarray(x).reshape(len(x), -1)
            k, ci, co = self.kernel_size, self.input_channels, self.output_channels
            gradient = scratch.gradient("kernel", self.kernel)
            gradient[...] = (matrix @ flat.T).reshape(k, k, co, ci).swapaxes(2, 3)
            gradients = [gradient]
            if "bias" in self.parameter_names:
                out = scratch.gradient("bias", self.bias)
                gradients.append(np.sum(dy, axis=(1, 2, 3), out=out))
            if not input_too:
                return None, gradients
            dx = scratch.empty("dx", x.shape, x.dtype)
            np.matmul(self._matrix.T, matrix, out=dx.reshape(len(x), -1))
            return dx, gradients

        return y, pullback

    @property
    def _matrix(self) -> Array:
        """The kernel as (k · k · output_channels, input_channels)."""
        return np.ascontiguousarray(self.kernel.swapaxes(2, 3)).reshape(-1, self.input_channels)

    def _painted(self, size: Shape) -> Shape:
        """The output's height and width before it is trimmed."""
        return tuple((n - 1) * self.stride + self.kernel_size for n in size)

    def _patch_shape(self, x: Array) -> Shape:
        return (self.kernel_size, self.kernel_size, self.output_channels, *x.shape[1:])

    def _trim(self, painted: Array) -> Array:
        _, height, width, _ = painted.shape
        p = self.padding
        return painted[:, p : height - p, p : width - p]
