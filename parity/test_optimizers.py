"""Every optimizer, its formula and what training makes of it, against PyTorch's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import engine.optimizers
from engine.descent import Descent
from engine.optimizers import BLOCK, SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from engine.parallel import Team
from engine.training import Plan
from parity.problems import perceptron
from parity.runs import check, run_engine, run_torch

STEPS = 20


@dataclass(frozen=True)
class Pair:
    """An optimizer, and the same in PyTorch; both take more by name."""

    name: str
    engine: Callable[..., Optimizer]
    torch: Callable[..., torch.optim.Optimizer]


def pair(
    name: str,
    of_engine: Callable[..., Optimizer],
    of_torch: Callable[..., torch.optim.Optimizer],
    rate: float,
    *,
    ours: dict[str, Any] | None = None,
    theirs: dict[str, Any] | None = None,
) -> Pair:
    """Both with the same rate, and what else each of them calls by a name of its own."""
    return Pair(
        name,
        lambda **more: of_engine(rate, **(ours or {}), **more),
        lambda parameters, **more: of_torch(parameters, lr=rate, **(theirs or {}), **more),
    )


# With an ε as large as some gradients, where it stands in the formula shows.
PAIRS = [
    pair("sgd", SGD, torch.optim.SGD, 0.05),
    pair(
        "momentum",
        SGD,
        torch.optim.SGD,
        0.02,
        ours={"momentum": 0.9},
        theirs={"momentum": 0.9},
    ),
    pair(
        "nesterov",
        SGD,
        torch.optim.SGD,
        0.02,
        ours={"momentum": 0.9, "nesterov": True},
        theirs={"momentum": 0.9, "nesterov": True},
    ),
    pair("adagrad", Adagrad, torch.optim.Adagrad, 0.02),
    pair(
        "adagrad, ε",
        Adagrad,
        torch.optim.Adagrad,
        0.02,
        ours={"epsilon": 0.01},
        theirs={"eps": 0.01},
    ),
    pair("rmsprop", RMSprop, torch.optim.RMSprop, 0.002),
    pair(
        "rmsprop, decay and ε",
        RMSprop,
        torch.optim.RMSprop,
        0.005,
        ours={"decay": 0.8, "epsilon": 0.01},
        theirs={"alpha": 0.8, "eps": 0.01},
    ),
    pair("adam", Adam, torch.optim.Adam, 0.01),
    pair(
        "adam, β and ε",
        Adam,
        torch.optim.Adam,
        0.01,
        ours={"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01},
        theirs={"betas": (0.8, 0.95), "eps": 0.01},
    ),
    pair("adamw", AdamW, torch.optim.AdamW, 0.01),
    pair(
        "adamw, β and ε",
        AdamW,
        torch.optim.AdamW,
        0.01,
        ours={"beta1": 0.8, "beta2": 0.95, "epsilon": 0.01},
        theirs={"betas": (0.8, 0.95), "eps": 0.01},
    ),
]

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
with_and_without_decay = pytest.mark.parametrize("weight_decay", [0.0, 0.1])


def test_every_optimizer_of_the_engine_has_a_pair() -> None:
    found = {c for c in vars(engine.optimizers).values() if isinstance(c, type)}
    concrete = {c for c in found if issubclass(c, Optimizer) and not c.__name__.startswith("_")}

    assert {type(pair.engine()) for pair in PAIRS} == concrete - {Optimizer}


@pytest.mark.parametrize("clip_norm", [None, 1.0])
@with_and_without_decay
@every_pair
def test_twenty_steps_along_given_gradients_are_pytorchs(
    pair: Pair, weight_decay: float, clip_norm: float | None
) -> None:
    """In float64; the gradients are of all sizes, and some are 0."""
    rng = np.random.default_rng(0)
    size = BLOCK + 10
    start = rng.normal(size=size)
    gradients = rng.normal(size=(STEPS, size)) * 10 ** rng.uniform(-9, -1, size)
    gradients[:, ::7] = 0
    lengths = np.linspace(0.5, 2, STEPS) * (clip_norm or 1)
    gradients *= (lengths / np.linalg.norm(gradients, axis=1))[:, None]
    expected = nn.Parameter(torch.from_numpy(start.copy()))
    theirs = pair.torch([expected], weight_decay=weight_decay)
    got, own = start.copy(), np.empty((1, size))
    ours = pair.engine(weight_decay=weight_decay, clip_norm=clip_norm)
    descent = Descent(got, own, ours, None)

    for t, gradient in enumerate(gradients, 1):
        own[0] = gradient
        descent.step(1, ours.learning_rate, t, Team(1))
        expected.grad = torch.from_numpy(gradient.copy())
        if clip_norm is not None:
            # Not by `clip_grad_norm_`, which adds 1e-6 to the norm.
            norm = nn.utils.get_total_norm([expected.grad])
            expected.grad *= torch.clamp(clip_norm / norm, max=1)
        theirs.step()

    np.testing.assert_allclose(got, expected.detach().numpy(), rtol=1e-12, atol=1e-13)
    moved = np.abs(got - start)
    assert moved.max() > 1e-3


@pytest.mark.parametrize("clip_norm", [None, 0.65])
@with_and_without_decay
@every_pair
def test_twenty_steps_of_training_are_pytorchs(
    pair: Pair, weight_decay: float, clip_norm: float | None
) -> None:
    problem = perceptron()
    optimizer = pair.engine(weight_decay=weight_decay, clip_norm=clip_norm)
    plan = Plan(optimizer, epochs=4, batch_size=80, validation_split=0, seed=3)

    got = run_engine(problem, plan)

    expected = run_torch(
        problem,
        plan,
        lambda parameters: pair.torch(parameters, weight_decay=weight_decay),
        clip_norm=clip_norm,
    )
    assert len(expected.rates) == STEPS
    if clip_norm is not None:
        assert min(expected.norms) < clip_norm < max(expected.norms)
    check(got, expected)
