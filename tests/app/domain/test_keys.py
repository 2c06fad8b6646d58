"""API keys as they are configured, and as they are made."""

from datetime import UTC, datetime

import pytest

from app.domain import clock
from app.domain.keys import new_key, parse_expiry, parse_keys


def test_roles_and_keys_are_read() -> None:
    assert parse_keys("reader:abc, trainer:d:e") == [("reader", "abc"), ("trainer", "d:e")]
    assert parse_keys("") == []


@pytest.mark.parametrize("text", ["abc", "reader:", "admin:abc", "reader:a,:b", ",", " "])
def test_malformed_keys_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="MNISTRY_API_KEYS") as caught:
        parse_keys(text)

    assert "abc" not in str(caught.value)


def test_keys_that_are_made_are_all_different_and_long() -> None:
    made = {new_key() for _ in range(100)}

    assert len(made) == 100
    assert {len(key) for key in made} == {len("mnistry_") + 43}


NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", "2026-01-31T12:30:00.000000Z"),
        ("12h", "2026-02-01T00:00:00.000000Z"),
        ("90d", "2026-05-01T12:00:00.000000Z"),
        ("2026-02-01", "2026-02-01T00:00:00.000000Z"),
        ("2026-02-01T01:00+02:00", "2026-01-31T23:00:00.000000Z"),
        ("2026-02-01T01:00:00Z", "2026-02-01T01:00:00.000000Z"),
    ],
)
def test_a_key_expires_after_a_time_or_at_one(text: str, expected: str) -> None:
    assert clock.text(parse_expiry(text, NOW)) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "0d", "-1d", "1w", "2026-01-31", "9999-12-31T23:59-05:00", "٣d", "1e9d"]
)
def test_what_is_no_time_to_come_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"over already|a key expires"):
        parse_expiry(text, NOW)
