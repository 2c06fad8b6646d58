"""API keys as they are configured."""

import pytest

from app.domain.keys import parse_keys


def test_roles_and_keys_are_read() -> None:
    assert parse_keys("reader:abc, trainer:d:e") == [("reader", "abc"), ("trainer", "d:e")]
    assert parse_keys("") == []


@pytest.mark.parametrize("text", ["abc", "reader:", "admin:abc", "reader:a,:b"])
def test_malformed_keys_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="MNISTRY_API_KEYS") as caught:
        parse_keys(text)

    assert "abc" not in str(caught.value)
