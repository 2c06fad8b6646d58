"""How a gradient moves the parameters; sorted by increasing complexity.

An optimizer sees blocks of one flat vector, never layers. The base class owns what all share
(weight decay); a subclass is its formula, in place, and keeps what it remembers of the past in
`slots`, flat vectors like the parameters.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import numpy as np

from engine.arrays import Array

BLOCK = 131072
"""Parameters in a block. Its five arrays of 512 KiB are near a core, and a call of NumPy takes so
long that two threads seldom meet between two of them, where only one can run Python."""


def _positive(name: str, value: float) -> float:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} is above 0 and finite, got {value}")
    return value


def _memory(name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{name} is from 0 to below 1, got {value}")
    return value


class Optimizer(ABC):
    """One step of descent.

    Args:
        learning_rate: The base rate, which a schedule scales.
        weight_decay: L2: this share of each parameter is added to its gradient.
        clip_norm: The longest gradient allowed; a longer one is scaled down to it.
    """

    slot_names: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ) -> None:
        self.learning_rate = _positive("learning_rate", learning_rate)
        if not 0 <= weight_decay < math.inf:
            raise ValueError(f"weight_decay is 0 or more and finite, got {weight_decay}")
        if clip_norm is not None and not 0 < clip_norm < math.inf:
            raise ValueError(f"clip_norm is above 0 and finite, or None, got {clip_norm}")
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm

    def step(
        self, p: Array, g: Array, slots: Sequence[Array], work: Array, rate: float, t: int
    ) -> None:
        """Move a block of parameters, in place.

        Args:
            p: The parameters.
            g: Their gradient; its content is lost.
            slots: What the optimizer remembers of them, in the order of `slot_names`.
            work: Memory of the same size.
            rate: The learning rate of this step.
            t: The number of this step, from 1.
        """
        if self.weight_decay:
            self._decay(p, g, work, rate)
        self._descend(p, g, slots, work, rate, t)

    def _decay(self, p: Array, g: Array, work: Array, rate: float) -> None:
        """Add the gradient of weight_decay / 2 · Σ p²."""
        np.multiply(p, self.weight_decay, out=work)
        g += work

    @abstractmethod
    def _descend(
        self, p: Array, g: Array, slots: Sequence[Array], work: Array, rate: float, t: int
    ) -> None:
        """The formula of the subclass; the arguments of `step`."""


@final
class SGD(Optimizer):
    """p −= rate · g; with momentum v = momentum · v + g and p −= rate · v.

    Nesterov's form looks ahead: p −= rate · (g + momentum · v) (Sutskever et al. 2013, in the form
    that PyTorch uses).

    Args:
        learning_rate: See `Optimizer`.
        momentum: How much of the last step goes on, 0 to below 1.
        nesterov: Whether to look ahead.
        weight_decay: See `Optimizer`.
        clip_norm: See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, clip_norm=clip_norm)
        self.momentum = _memory("momentum", momentum)
        if nesterov and momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        self.nesterov = nesterov
        self.slot_names = ("velocity",) if momentum else ()

    def _descend(
        self, p: Array, g: Array, slots: Sequence[Array], work: Array, rate: float, t: int
    ) -> None:
        if not self.momentum:
            g *= rate
            p -= g
            return
        (v,) = slots
        v *= self.momentum
        v += g
        if self.nesterov:
            np.multiply(v, self.momentum, out=work)
            work += g
            work *= rate
        else:
            np.multiply(v, rate, out=work)
        p -= work


@final
class Adagrad(Optimizer):
    """Rates that fall with all the gradient that a parameter has seen (Duchi et al. 2011).

    v += g²
    p −= rate · g / (√v + ε)

    Args:
        learning_rate: See `Optimizer`.
        epsilon: Keeps the division finite.
        weight_decay: See `Optimizer`.
        clip_norm: See `Optimizer`.
    """

    slot_names = ("square",)

    def __init__(
        self,
        learning_rate: float = 0.01,
        *,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, clip_norm=clip_norm)
        self.epsilon = _positive("epsilon", epsilon)

    def _descend(
        self, p: Array, g: Array, slots: Sequence[Array], work: Array, rate: float, t: int
    ) -> None:
        (v,) = slots
        v += np.square(g, out=work)
        np.sqrt(v, out=work)
        work += self.epsilon
        g /= work
        g *= rate
        p -= g


@final
class RMSprop(Optimizer):
    """Adagrad that forgets: v is a running mean (Tieleman and Hinton 2012).

    v = decay · v + (1 − decay) · g²
    p −= rate · g / (√v + ε)

    Args:
        learning_rate: See `Optimizer`.
        decay: The memory of v, 0 to below 1.
        epsilon: Keeps the division finite.
        weight_decay: See `Optimizer`.
        clip_norm: See `Optimizer`.
    """

    slot_names = ("square",)

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, clip_norm=clip_norm)
        self.decay = _memory("decay", decay)
        self.epsilon = _positive("epsilon", epsilon)

    def _descend(
        self, p: Array, g: Array, slots: Sequence[Array], work: Array, rate: float, t: int
    ) -> None:
        (v,) = slots
        v *= self.decay
        np.square(g, out=work)
        work *= 1 - self.decay
        v += work
        np.sqrt(v, out=work)
        work += self.epsilon
        g /= work
        g *= rate
        p -= g


class _Adam(Optimizer):
    """What Adam and AdamW have in common: all but the weight decay."""

    slot_names = ("mean", "square")

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, clip_norm=clip_norm)
        self.beta1 = _memory("beta1", beta1)
        self.beta2 = _memory("beta2", beta2)
        self.epsilon = _positive("epsilon", epsilon)

    def _descend(
        self, p: Array, g: Array, slots: Sequence[Array], work: Array, rate: float, t: int
    ) -> None:
        m, v = slots
        m *= self.beta1
        m += g
        v *= self.beta2
        g *= g
        v += g
        c = math.sqrt((1 - self.beta2) / (1 - self.beta2**t))
        np.sqrt(v, out=work)
        work += self.epsilon / c
        np.divide(m, work, out=work)
        work *= rate * (1 - self.beta1) / (1 - self.beta1**t) / c
        p -= work


@final
class Adam(_Adam):
    """Steps scaled by running means of the gradient and of its square (Kingma and Ba 2015).

    m = β₁ m + g,  v = β₂ v + g²
    p −= rate · m̂ / (√v̂ + ε),  m̂ = m (1 − β₁) / (1 − β₁ᵗ),  v̂ = v (1 − β₂) / (1 − β₂ᵗ)

    The paper's m and v are these times (1 − β): scaled once in the rate, not in every step's pass
    over all parameters. With c = √(v̂ / v) the step is rate · (m̂ / m) / c · m / (√v + ε / c).

    Args:
        learning_rate: See `Optimizer`.
        beta1: The memory of m, 0 to below 1.
        beta2: The memory of v, 0 to below 1.
        epsilon: Keeps the division finite.
        weight_decay: See `Optimizer`.
        clip_norm: See `Optimizer`.
    """


@final
class AdamW(_Adam):
    """Adam whose weight decay is decoupled from the gradient (Loshchilov and Hutter 2019).

    p −= rate · weight_decay · p, then Adam's step: parameters with large gradients decay as much as
    those with small ones.

    Args:
        learning_rate: See `Optimizer`.
        beta1: See `Adam`.
        beta2: See `Adam`.
        epsilon: See `Adam`.
        weight_decay: The share of each parameter that is taken off, times the rate.
        clip_norm: See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
    ) -> None:
        super().__init__(
            learning_rate,
            beta1=beta1,
            beta2=beta2,
            epsilon=epsilon,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
        )

    def _decay(self, p: Array, g: Array, work: Array, rate: float) -> None:
        """Shrink the parameters themselves."""
        p *= 1 - rate * self.weight_decay
