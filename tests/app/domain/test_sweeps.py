"""When a trial of a sweep is stopped because the others were better by then."""

import pytest

from app.domain.sweeps import Figures, MedianStopping, Metric

RULE = MedianStopping()
AVERAGES: list[Figures] = [[0.4, 0.6], [0.6, 0.8], [0.8, 1.0]]
"""Of these the running averages after two epochs are 0.5, 0.7 and 0.9."""


@pytest.mark.parametrize(
    ("trial", "stopped"),
    [
        ([0.1, 0.69], True),
        ([0.69, 0.1], True),  # its best counts, not its last
        ([0.1, 0.7], False),  # as good as the median is good enough
        ([0.71, 0.1], False),
    ],
)
def test_an_accuracy_is_to_reach_the_median_of_the_running_averages(
    trial: Figures, stopped: bool
) -> None:
    assert RULE.stops("val_accuracy", trial, AVERAGES) is stopped


@pytest.mark.parametrize("metric", ["val_loss", "train_loss"])
@pytest.mark.parametrize(
    ("trial", "stopped"),
    [([2.0, 0.71], True), ([0.71, 2.0], True), ([2.0, 0.7], False), ([0.69, 2.0], False)],
)
def test_a_loss_is_better_where_it_is_lower(metric: Metric, trial: Figures, stopped: bool) -> None:
    assert RULE.stops(metric, trial, AVERAGES) is stopped


@pytest.mark.parametrize(("grace_epochs", "stopped"), [(0, True), (1, True), (2, False)])
def test_no_trial_is_stopped_in_its_grace(grace_epochs: int, stopped: bool) -> None:
    rule = MedianStopping(grace_epochs=grace_epochs)

    assert rule.stops("val_accuracy", [0.1, 0.1], AVERAGES) is stopped


def test_the_first_epoch_is_judged_where_there_is_no_grace() -> None:
    rule = MedianStopping(grace_epochs=0)

    assert rule.stops("val_accuracy", [0.59], AVERAGES)
    assert not rule.stops("val_accuracy", [0.6], AVERAGES)


def test_only_trials_that_have_come_as_far_count() -> None:
    behind: Figures = [0.9]

    assert not RULE.stops("val_accuracy", [0.1, 0.1], [*AVERAGES[:2], behind])
    assert RULE.stops("val_accuracy", [0.1, 0.1], [*AVERAGES, behind])


def test_what_others_came_to_later_does_not_count() -> None:
    later: list[Figures] = [[*figures, 1.0, 1.0, 1.0] for figures in AVERAGES]

    assert not RULE.stops("val_accuracy", [0.1, 0.7], later)


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    four: list[Figures] = [*AVERAGES, [1.0, 1.0]]

    assert RULE.stops("val_accuracy", [0.0, 0.79], four)
    assert not RULE.stops("val_accuracy", [0.0, 0.81], four)


def test_figures_that_are_missing_stop_nobody_and_count_for_nothing() -> None:
    assert not RULE.stops("val_accuracy", [None, None], AVERAGES)
    assert not RULE.stops("val_accuracy", [0.1, 0.1], [*AVERAGES[:2], [None, 1.0]])
    assert RULE.stops("val_accuracy", [None, 0.1], AVERAGES)
