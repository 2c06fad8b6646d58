import math

import pytest

from engine.schedules import Constant, Cosine, Exponential, OneCycle, Schedule, Step

EPOCHS, STEPS = 10, 20


def factors(schedule: Schedule) -> list[float]:
    """The factor of every step of a run."""
    return [schedule.factor(i / STEPS, EPOCHS, 1 / STEPS) for i in range(EPOCHS * STEPS)]


def test_constant_is_one_throughout() -> None:
    assert set(factors(Constant())) == {1.0}


def test_cosine_falls_from_one_to_nearly_zero() -> None:
    got = factors(Cosine())

    assert got[0] == 1
    assert got[100] == pytest.approx(0.5)
    assert got == sorted(got, reverse=True)
    assert 0 < got[-1] < 1e-3


@pytest.mark.parametrize(
    "schedule",
    [Constant(warmup_epochs=2), Cosine(warmup_epochs=2), Step(3, warmup_epochs=2)],
)
def test_a_warm_up_grows_linearly_from_its_first_step(schedule: Schedule) -> None:
    got = factors(schedule)

    assert got[:40] == pytest.approx([(i + 1) / 40 for i in range(40)])
    assert got[40] == 1


def test_cosine_begins_to_fall_after_its_warm_up() -> None:
    got = factors(Cosine(warmup_epochs=2))

    assert got[40 + 80] == pytest.approx(0.5)
    assert got[-1] < 1e-3


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_warm_up_outside_its_range_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="warmup_epochs is 0 or more and finite, got"):
        Constant(warmup_epochs=bad)


def test_a_warm_up_longer_than_the_run_is_finite() -> None:
    assert all(0 <= f <= 1 for f in factors(Cosine(warmup_epochs=50)))


def test_step_falls_after_every_so_many_epochs() -> None:
    got = factors(Step(4, 0.5))

    assert got[:80] == [1.0] * 80
    assert got[80:160] == [0.5] * 80
    assert got[160:] == [0.25] * 40


def test_step_counts_from_the_end_of_its_warm_up() -> None:
    got = factors(Step(4, 0.5, warmup_epochs=0.1))

    assert got[2:82] == [1.0] * 80
    assert got[82] == 0.5


def test_exponential_falls_by_its_factor_every_epoch() -> None:
    got = factors(Exponential(0.8))

    assert got[::STEPS] == pytest.approx([0.8**epoch for epoch in range(EPOCHS)])
    assert got == sorted(got, reverse=True)


def test_one_cycle_rises_and_falls_from_its_first_to_its_last_step() -> None:
    got = factors(OneCycle(0.3))
    top = 59

    assert got[0] == pytest.approx(1 / 25)
    assert got[top] == pytest.approx(1)
    assert got[-1] == pytest.approx(1 / 250_000)
    assert got[: top + 1] == sorted(got[: top + 1])
    assert got[top:] == sorted(got[top:], reverse=True)


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("step", [1.0, 0.5, 0.3])
@pytest.mark.parametrize("schedule", [OneCycle(0.5), OneCycle(0.01), Step(0.1), Cosine()])
def test_a_short_run_has_factors_from_0_to_1(schedule: Schedule, step: float, epochs: int) -> None:
    for i in range(int(epochs / step)):
        assert 0 <= schedule.factor(i * step, epochs, step) <= 1


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_a_value_outside_its_range_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="every is above 0 and finite, got"):
        Step(bad)
    with pytest.raises(ValueError, match="factor is above 0, to 1, got"):
        Step(1, bad)
    with pytest.raises(ValueError, match="factor is above 0, to 1, got"):
        Exponential(bad)
    with pytest.raises(ValueError, match="rise is above 0 and below 1, got"):
        OneCycle(bad)
