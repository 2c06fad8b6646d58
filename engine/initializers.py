"""How weights begin: random with a variance that keeps signals from growing or fading.

Every function draws from its `rng` and returns float64; the caller chooses the precision. A layer's
own default is the notebook's; whoever defines a network to be trained chooses better ones here.
"""

import math

import numpy as np
from numpy.random import Generator

from engine.arrays import Array, Shape


def generator(seed: int | None = None) -> Generator:
    """A random generator; without a seed it follows `np.random.seed`, as the notebook does."""
    if seed is None:
        seed = np.random.randint(2**31)  # noqa: NPY002 - the one place to read the global state
    return np.random.default_rng(seed)


def unit_uniform(rng: Generator, shape: Shape) -> Array:
    """Uniform in 0..1: the notebook's kernels, whose training cells count on their size."""
    return rng.random(shape)


def lecun_uniform(rng: Generator, shape: Shape, fan_in: int) -> Array:
    """Uniform with variance 1 / fan_in (LeCun et al. 1998): for linear layers."""
    bound = math.sqrt(3 / fan_in)
    return rng.uniform(-bound, bound, shape)


def he_normal(rng: Generator, shape: Shape, fan_in: int) -> Array:
    """Normal with variance 2 / fan_in (He et al. 2015): before a ReLU, which halves it."""
    return rng.normal(0, math.sqrt(2 / fan_in), shape)


def glorot_uniform(rng: Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Uniform with variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010): for tanh, sigmoid."""
    bound = math.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


def orthogonal(rng: Generator, shape: Shape, gain: float = 1.0) -> Array:
    """Orthonormal columns or rows of the matrix (all sizes but the last, the last).

    Signals keep their length, times `gain`, in any number of layers (Saxe et al. 2014); √2 suits a
    ReLU.
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))  # which makes q unique, and uniform over all such matrices
    return gain * (q if rows >= columns else q.T).reshape(shape)
