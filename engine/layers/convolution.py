"""Convolution and its transpose, as products with the patches that a window sees.

The products themselves are in windows.py; a layer adds what is its own: zeros around the input, a
bias, and which product is the forward one. A convolution correlates and carries its gradient back
by painting; its transpose paints and carries its gradient back by correlating.
"""

from abc import ABC, abstractmethod
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from engine import initializers
from engine.arrays import Array, Pullback, Shape, floating
from engine.errors import ShapeError, at_least, mismatch
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
        at_least(1, kernel_size=kernel_size, stride=stride)
        at_least(1, input_channels=input_channels, output_channels=output_channels)
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
            if self.bias.shape != (output_channels,):
                raise ShapeError(
                    f"{self.name} has biases of shape {(output_channels,)}, got {self.bias.shape}"
                )

    @abstractmethod
    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(input_channels, height, width, batch) -> (output_channels, rows, columns, batch)."""

    def _add_bias(self, y: Array) -> None:
        if "bias" in self.parameter_names:
            y += self.bias[:, None, None, None]

    def _bias_gradient(self, dy: Array, scratch: Scratch) -> list[Array]:
        """dL/dbias, in a list that is empty where there is no bias."""
        if "bias" not in self.parameter_names:
            return []
        out = scratch.gradient("bias", self.bias)
        return [np.add.reduce(dy.reshape(len(dy), -1), axis=1, out=out)]

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
        return self._forward(self._pad(x, scratch), scratch)[0]

    def _forward(self, padded: Array, scratch: Scratch) -> tuple[Array, Array]:
        """The output, and the patches that it was made of."""
        k, s = self.kernel_size, self.stride
        rows, columns = (windows.output_size(n, k, s) for n in padded.shape[1:3])
        shape = (self.output_channels, rows, columns, padded.shape[-1])
        y = scratch.empty("y", shape, padded.dtype)
        patches = windows.row_patches(padded, k, s, scratch)
        windows.correlate(patches, self.kernel, s, y)
        self._add_bias(y)
        return y, patches

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        padded = self._pad(x, scratch)
        shape, dtype = padded.shape, padded.dtype
        y, patches = self._forward(padded, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            dy = np.ascontiguousarray(dy)
            gradient = scratch.gradient("kernel", self.kernel)
            windows.kernel_gradient(patches, dy, self.stride, scratch, gradient)
            gradients = [gradient, *self._bias_gradient(dy, scratch)]
            if not input_too:
                return None, gradients
            dx = scratch.empty("dx", shape, dtype)
            windows.paint(dy, self.kernel, self.stride, scratch, dx)
            return self._unpad(dx), gradients

        return y, pullback

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
        at_least(0, padding=padding)
        self.padding = padding

    def output_shape(self, input_shape: Shape) -> Shape:
        """(input_channels, height, width) -> (output_channels, rows, columns)."""
        if len(input_shape) != 3 or input_shape[0] != self.input_channels:
            raise mismatch(
                "conv2d_transpose", f"({self.input_channels}, height, width)", input_shape
            )
        painted = windows.painted_size(input_shape[1:], self.kernel_size, self.stride)
        rows, columns = (n - 2 * self.padding for n in painted)
        if min(rows, columns) < 1:
            raise ShapeError(
                f"conv2d_transpose with padding {self.padding} trims away the whole output: "
                f"an input of shape {input_shape} paints {painted} pixels"
            )
        return (self.output_channels, rows, columns)

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(input_channels, height, width, batch) -> (output_channels, rows, columns, batch)."""
        self.output_shape(x.shape[:-1])
        painted = scratch.empty("painted", self._painted_shape(x), x.dtype)
        windows.paint(x, self._turned, self.stride, scratch, painted)
        y = self._trim(painted)
        self._add_bias(y)
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        y = self.forward_batch_last(x, scratch)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            untrimmed = scratch.zeros("untrimmed", self._painted_shape(x), x.dtype)
            self._trim(untrimmed)[...] = dy
            patches = windows.row_patches(untrimmed, self.kernel_size, self.stride, scratch)
            turned = scratch.empty("turned_gradient", self._turned.shape, x.dtype)
            windows.kernel_gradient(patches, np.ascontiguousarray(x), self.stride, scratch, turned)
            gradient = scratch.gradient("kernel", self.kernel)
            gradient[...] = turned.swapaxes(2, 3)
            gradients = [gradient, *self._bias_gradient(dy, scratch)]
            if not input_too:
                return None, gradients
            dx = scratch.empty("dx", x.shape, x.dtype)
            windows.correlate(patches, self._turned, self.stride, dx)
            return dx, gradients

        return y, pullback

    @property
    def _turned(self) -> Array:
        """The kernel of the convolution that this is the adjoint of: outputs and inputs swapped."""
        return np.ascontiguousarray(self.kernel.swapaxes(2, 3))

    def _painted_shape(self, x: Array) -> Shape:
        """The output's shape before it is trimmed."""
        size = windows.painted_size(x.shape[1:3], self.kernel_size, self.stride)
        return (self.output_channels, *size, x.shape[-1])

    def _trim(self, painted: Array) -> Array:
        _, height, width, _ = painted.shape
        p = self.padding
        return painted[:, p : height - p, p : width - p]
