import math

import pytest

from engine.schedules import Constant, Cosine, Schedule

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


@pytest.mark.parametrize("schedule", [Constant(warmup_epochs=2), Cosine(warmup_epochs=2)])
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
