"""The one form in which times are stored and sent: RFC 3339 in UTC, with microseconds and a Z.

All have the same length, so their order as text is their order in time.
"""

from datetime import UTC, datetime, timedelta


def now() -> str:
    return text(datetime.now(UTC))


def text(time: datetime) -> str:
    """A time, which has a zone, in this form."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def ago(seconds: float) -> str:
    return text(datetime.now(UTC) - timedelta(seconds=seconds))


def seconds_between(earlier: str, later: str) -> float:
    return (_parse(later) - _parse(earlier)).total_seconds()


def seconds(text: str) -> float:
    """A time in seconds since 1970, as `time.time()` has them."""
    return _parse(text).timestamp()


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text)
