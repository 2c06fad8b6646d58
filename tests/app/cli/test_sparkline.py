"""A curve in a line."""

import pytest

from app.cli.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "curve"),
    [([], ""), ([3.0], "▁"), ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"), ([2, 2, 2], "▁▁▁")],
)
def test_the_lowest_value_has_the_lowest_block(values: list[float], curve: str) -> None:
    assert sparkline(values) == curve


def test_more_values_than_fit_are_means_of_neighbours() -> None:
    assert sparkline([0, 0, 0, 7, 7, 7, 7, 7], width=4) == "▁▅██"
