"""The one form in which times are stored and sent: RFC 3339 in UTC, with microseconds and a Z.

All have the same length, so their order as text is their order in time.
"""

from datetime import UTC, datetime


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def seconds_between(earlier: str, later: str) -> float:
    return (_parse(later) - _parse(earlier)).total_seconds()


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)
