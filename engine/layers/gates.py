"""The activations x · g(x), whose gate g opens smoothly from 0 to 1 as x grows."""

import math
from abc import ABC, abstractmethod
from typing import Any, final

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from engine.arrays import Array, Pullback, Shape
from engine.layers.activations import sigmoid
from engine.layers.base import Layer
from engine.scratch import Scratch


class _Gated(Layer, ABC):
    """y = x g(x); dL/dx = dL/dy · (g + x g′)."""

    def output_shape(self, input_shape: Shape) -> Shape:
        """Any shape, kept."""
        return input_shape

    @abstractmethod
    def _gate(self, x: Array, out: Array) -> Array:
        """g(x)."""

    @abstractmethod
    def _gate_slope(self, x: Array, gate: Array) -> Array:
        """g′(x), given g(x)."""

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """(..., batch) -> the same shape."""
        gate = self._gate(x, scratch.empty("gate", x.shape, x.dtype))
        y: Array = np.multiply(x, gate, out=scratch.empty("y", x.shape, x.dtype))
        return y

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """See `Layer.vjp_batch_last`."""
        gate = self._gate(x, scratch.empty("gate", x.shape, x.dtype))
        y = np.multiply(x, gate, out=scratch.empty("y", x.shape, x.dtype))

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            if not input_too:
                return None, []
            slope = self._gate_slope(x, gate)
            slope *= x
            slope += gate
            return np.multiply(dy, slope, out=scratch.over_gradient(dy)), []

        return y, pullback


@final
class SiLU(_Gated):
    """y = x σ(x), also called swish; σ′ = σ (1 − σ) (Elfwing et al. 2018)."""

    name = "SiLU"

    def _gate(self, x: Array, out: Array) -> Array:
        return sigmoid(x, out)

    def _gate_slope(self, x: Array, gate: Array) -> Array:
        slope: Array = 1 - gate
        slope *= gate
        return slope


@final
class GELU(_Gated):
    """y = x Φ(x), Φ the normal distribution: the exact form (Hendrycks and Gimpel 2016)."""

    name = "GELU"

    def _gate(self, x: Array, out: Array) -> Array:
        return normal_distribution(x, out)

    def _gate_slope(self, x: Array, gate: Array) -> Array:
        density = np.clip(x, -_FAR, _FAR)
        np.square(density, out=density)
        density *= -0.5
        np.exp(density, out=density)
        density *= 1 / math.sqrt(2 * math.pi)
        return density


# NumPy has no error function. The standard library has one, for one number at a time; it is asked
# at a few Chebyshev nodes, once. With z = |x| / √2 and t = 2 / (2 + z),
#
#     erfc z = t · exp(−z²) · h(t)
#
# where h is smooth, so that a short polynomial is as good as the precision of the numbers. Beyond
# z = 9 the exponential leaves nothing that would show.

_LEAST_T = 2 / (2 + 9)
_FAR = 40.0
"""Farther from 0 the normal distribution is 0 or 1, and a square would only overflow."""


def _h(s: NDArray[np.float64]) -> NDArray[np.float64]:
    """h(t), for t from `_LEAST_T` to 1 spread over s from −1 to 1."""
    t = _LEAST_T + (1 - _LEAST_T) * (s + 1) / 2
    return np.array([math.erfc(z) * math.exp(z * z) for z in 2 / t - 2]) / t


def _coefficients(dtype: type[np.floating[Any]], degree: int) -> Array:
    nodes = chebyshev.chebpts1(degree + 1)
    return chebyshev.chebfit(nodes, _h(nodes), degree).astype(dtype)


_COEFFICIENTS = {
    np.dtype(np.float32): _coefficients(np.float32, 9),
    np.dtype(np.float64): _coefficients(np.float64, 22),
}


def normal_distribution(x: Array, out: Array) -> Array:
    """Φ(x) = erfc(−x / √2) / 2: to 2e-7 in float32 and 1e-14 in float64."""
    z = np.minimum(np.abs(x), _FAR)
    z *= math.sqrt(0.5)
    t = 2 / (2 + z)
    s = (np.maximum(t, _LEAST_T) - _LEAST_T) * (2 / (1 - _LEAST_T)) - 1
    tail = 0.5 * t * chebyshev.chebval(s, _COEFFICIENTS[x.dtype])
    z *= -z
    tail *= np.exp(z, out=z)
    np.copyto(out, tail)
    np.subtract(1, tail, out=out, where=x > 0)
    return out
