"""A figure beside its target: the median, what it varies between, and whether it falls short."""

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The second smallest and the second largest; of less than four values the outermost."""
    ordered = sorted(values)
    edge = 1 if len(ordered) > 3 else 0
    return ordered[edge], ordered[-1 - edge]


def judge(what: str, values: Sequence[float], target: str, unit: str = "") -> None:
    """One line: the median, its spread, and the target that it reaches or not."""
    median, (low, high) = statistics.median(values), spread(values)
    sign, bound = target.split()
    short = median < float(bound) if sign == "≥" else median > float(bound)
    digits = 0 if unit == " µs" else 2
    print(
        f"{what:36} {median:7.{digits}f}{unit} ({low:.{digits}f}..{high:.{digits}f})"
        f"  target {target}{unit}"
        f"{'  falls short' if short else ''}",
        flush=True,
    )
