"""Every schedule against PyTorch's, which step after every batch here."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

import engine.schedules
from engine.optimizers import SGD
from engine.schedules import Constant, Cosine, Exponential, OneCycle, Schedule, Step
from engine.training import Plan
from parity.problems import perceptron
from parity.runs import TorchSchedule, check, run_engine, run_torch

EPOCHS, STEPS = 4, 5
TOTAL = EPOCHS * STEPS
WARMUP = 6
"""Steps of a warm-up, which then ends within an epoch."""

RATE = 0.1


@dataclass(frozen=True)
class Pair:
    """A schedule, and the same in PyTorch."""

    name: str
    engine: Schedule
    torch: TorchSchedule


def cycle(optimizer: torch.optim.Optimizer) -> OneCycleLR:
    return OneCycleLR(
        optimizer, RATE, TOTAL, pct_start=0.3, final_div_factor=1e4, cycle_momentum=False
    )


def ramp(optimizer: torch.optim.Optimizer) -> LinearLR:
    """The warm-up: a sixth of the rate, two sixths and so on, to all of it."""
    return LinearLR(optimizer, start_factor=1 / WARMUP, total_iters=WARMUP - 1)


def warmed_up(then: TorchSchedule) -> TorchSchedule:
    """The warm-up, and from its end on the other."""
    return lambda optimizer: SequentialLR(optimizer, [ramp(optimizer), then(optimizer)], [WARMUP])


def rates(schedule: TorchSchedule) -> list[float]:
    """What the schedule alone makes of `RATE`, step by step."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = schedule(optimizer)
    found = []
    for _ in range(TOTAL):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return found


def cycle_times_ramp(optimizer: torch.optim.Optimizer) -> LRScheduler:
    """PyTorch has no product of the two, so it is made of what each of them gives alone."""
    both = [a / RATE * b / RATE for a, b in zip(rates(cycle), rates(ramp), strict=True)]
    return LambdaLR(optimizer, lambda step: both[min(step, TOTAL - 1)])


def constant(optimizer: torch.optim.Optimizer) -> LRScheduler:
    return ConstantLR(optimizer, factor=1)


def falling(optimizer: torch.optim.Optimizer) -> LRScheduler:
    return StepLR(optimizer, step_size=7, gamma=0.5)


def shrinking(optimizer: torch.optim.Optimizer) -> LRScheduler:
    return ExponentialLR(optimizer, gamma=0.6 ** (1 / STEPS))


def half_cosine(steps: int) -> TorchSchedule:
    return lambda optimizer: CosineAnnealingLR(optimizer, T_max=steps)


WARMUP_EPOCHS = WARMUP / STEPS
PAIRS = [
    Pair("constant", Constant(), constant),
    Pair("constant, warm-up", Constant(warmup_epochs=WARMUP_EPOCHS), warmed_up(constant)),
    Pair("step", Step(7 / STEPS, 0.5), falling),
    Pair("step, warm-up", Step(7 / STEPS, 0.5, warmup_epochs=WARMUP_EPOCHS), warmed_up(falling)),
    Pair("exponential", Exponential(0.6), shrinking),
    Pair(
        "exponential, warm-up",
        Exponential(0.6, warmup_epochs=WARMUP_EPOCHS),
        warmed_up(shrinking),
    ),
    Pair("cosine", Cosine(), half_cosine(TOTAL)),
    Pair(
        "cosine, warm-up",
        Cosine(warmup_epochs=WARMUP_EPOCHS),
        warmed_up(half_cosine(TOTAL - WARMUP)),
    ),
    Pair("one cycle", OneCycle(0.3), cycle),
    Pair("one cycle, warm-up", OneCycle(0.3, warmup_epochs=WARMUP_EPOCHS), cycle_times_ramp),
]


def test_every_schedule_of_the_engine_has_a_pair_with_and_without_warm_up() -> None:
    found = {c for c in vars(engine.schedules).values() if isinstance(c, type)}
    concrete = {c for c in found if issubclass(c, Schedule) and c is not Schedule}
    listed = {(type(pair.engine), pair.engine.warmup_epochs > 0) for pair in PAIRS}

    assert listed == {(c, warm) for c in concrete for warm in (True, False)}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_the_rates_and_weights_of_twenty_steps_are_pytorchs(pair: Pair, momentum: float) -> None:
    problem = perceptron()
    plan = Plan(
        SGD(RATE, momentum=momentum),
        pair.engine,
        epochs=EPOCHS,
        batch_size=80,
        validation_split=0,
        seed=3,
    )

    got = run_engine(problem, plan)

    expected = run_torch(
        problem,
        plan,
        lambda parameters: torch.optim.SGD(parameters, lr=RATE, momentum=momentum),
        pair.torch,
    )
    assert len(expected.rates) == TOTAL
    check(got, expected)
