"""Each optimizer against its formula, written out by hand in float64."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from engine.arrays import Array
from engine.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

STEPS = 5
Formula = Callable[[Array, list[Array], float], Array]
"""(parameters, gradients of every step, learning rate) -> parameters after all steps."""


def sgd(p: Array, gradients: list[Array], rate: float) -> Array:
    for g in gradients:
        p = p - rate * g
    return p


def momentum(p: Array, gradients: list[Array], rate: float) -> Array:
    v = np.zeros_like(p)
    for g in gradients:
        v = 0.9 * v + g
        p = p - rate * v
    return p


def nesterov(p: Array, gradients: list[Array], rate: float) -> Array:
    v = np.zeros_like(p)
    for g in gradients:
        v = 0.9 * v + g
        p = p - rate * (g + 0.9 * v)
    return p


def adam(p: Array, gradients: list[Array], rate: float) -> Array:
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        p = p - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return p


def adagrad(p: Array, gradients: list[Array], rate: float) -> Array:
    v = np.zeros_like(p)
    for g in gradients:
        v = v + g**2
        p = p - rate * g / (np.sqrt(v) + 1e-10)
    return p


def rmsprop(p: Array, gradients: list[Array], rate: float) -> Array:
    v = np.zeros_like(p)
    for g in gradients:
        v = 0.99 * v + 0.01 * g**2
        p = p - rate * g / (np.sqrt(v) + 1e-8)
    return p


def adamw(p: Array, gradients: list[Array], rate: float) -> Array:
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(gradients, 1):
        p = p - rate * 0.3 * p
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        p = p - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return p


def with_l2(formula: Callable[[Array, Array, int], Array], p: Array, gs: list[Array]) -> Array:
    for t, g in enumerate(gs, 1):
        p = formula(p, g + 0.1 * p, t)
    return p


FORMULAS = [
    (SGD(0.01), sgd),
    (SGD(0.01, momentum=0.9), momentum),
    (SGD(0.01, momentum=0.9, nesterov=True), nesterov),
    (Adagrad(0.01), adagrad),
    (RMSprop(0.01), rmsprop),
    (Adam(0.01), adam),
    (AdamW(0.01, weight_decay=0.3), adamw),
]


def run(optimizer: Optimizer, p: Array, gradients: list[Array]) -> Array:
    p = p.copy()
    slots = [np.zeros_like(p) for _ in optimizer.slot_names]
    for t, g in enumerate(gradients, 1):
        optimizer.step(p, g.copy(), slots, np.empty_like(p), optimizer.learning_rate, t)
    return p


def start() -> tuple[Array, list[Array]]:
    rng = np.random.default_rng(0)
    return rng.normal(size=50), [rng.normal(size=50) for _ in range(STEPS)]


@pytest.mark.parametrize(("optimizer", "formula"), FORMULAS)
def test_the_steps_are_those_of_the_formula(optimizer: Optimizer, formula: Formula) -> None:
    p, gradients = start()

    np.testing.assert_allclose(
        run(optimizer, p, gradients), formula(p, gradients, 0.01), rtol=1e-12
    )


@pytest.mark.parametrize(("optimizer", "formula"), FORMULAS)
def test_float32_follows_float64(optimizer: Optimizer, formula: Formula) -> None:
    p, gradients = start()

    got = run(optimizer, p.astype(np.float32), [g.astype(np.float32) for g in gradients])

    assert got.dtype == np.float32
    np.testing.assert_allclose(got, formula(p, gradients, 0.01), rtol=1e-4, atol=1e-6)


def test_weight_decay_adds_a_share_of_the_parameters_to_their_gradient() -> None:
    p, gradients = start()

    got = run(SGD(0.01, weight_decay=0.1), p, gradients)

    np.testing.assert_allclose(got, with_l2(lambda p, g, _: p - 0.01 * g, p, gradients))


@pytest.mark.parametrize("optimizer", [SGD, Adagrad, RMSprop, Adam, AdamW])
@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -1.0),
        ("learning_rate", math.nan),
        ("learning_rate", math.inf),
        ("weight_decay", -0.1),
        ("weight_decay", math.nan),
        ("clip_norm", 0.0),
        ("clip_norm", math.nan),
    ],
)
def test_a_value_outside_its_range_is_refused(
    optimizer: Callable[..., Optimizer], name: str, bad: float
) -> None:
    with pytest.raises(ValueError, match=f"{name} is .*, got"):
        optimizer(**{name: bad})


@pytest.mark.parametrize("bad", [-0.1, 1.0, math.nan])
def test_a_memory_outside_its_range_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="momentum is from 0 to below 1, got"):
        SGD(momentum=bad)
    with pytest.raises(ValueError, match="beta1 is from 0 to below 1, got"):
        Adam(beta1=bad)
    with pytest.raises(ValueError, match="beta2 is from 0 to below 1, got"):
        Adam(beta2=bad)
    with pytest.raises(ValueError, match="decay is from 0 to below 1, got"):
        RMSprop(decay=bad)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
@pytest.mark.parametrize("optimizer", [Adagrad, RMSprop, Adam, AdamW])
def test_an_epsilon_outside_its_range_is_refused(
    optimizer: Callable[..., Optimizer], bad: float
) -> None:
    with pytest.raises(ValueError, match="epsilon is above 0 and finite, got"):
        optimizer(epsilon=bad)


def test_nesterov_without_momentum_is_refused() -> None:
    with pytest.raises(ValueError, match="nesterov needs a momentum above 0"):
        SGD(nesterov=True)
