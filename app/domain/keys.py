"""API keys: what is configured, what is made here, and the role that a key gives.

A key is known by its SHA-256 alone. One that is made here is 32 random bytes, which nobody guesses,
so that a slow hash would add nothing; and as digests are compared, the time that it takes tells
nothing about keys.
"""

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Literal

Role = Literal["reader", "trainer"]

PREFIX = "mnistry_"
"""What keys that are made here begin with, so that a key in the wrong place is recognised."""

_AGES = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_AGE = re.compile(r"([0-9]{1,6})([mhd])")


def digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def new_key() -> str:
    """A key that nobody has."""
    return PREFIX + secrets.token_urlsafe(32)


def parse_keys(text: str) -> list[tuple[Role, str]]:
    """`reader:<key>,trainer:<key>` as roles and keys.

    Raises:
        ValueError: The text is malformed; the keys are not in the message.
    """
    keys: list[tuple[Role, str]] = []
    for i, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), 1):
        role, _, key = entry.partition(":")
        if role not in ("reader", "trainer") or not key:
            raise ValueError(f"MNISTRY_API_KEYS: entry {i} is not reader:<key> or trainer:<key>")
        keys.append(("reader" if role == "reader" else "trainer", key))
    if text and not keys:
        raise ValueError("MNISTRY_API_KEYS: there is no key in it; to ask for none, do not set it")
    return keys


def parse_expiry(text: str, now: datetime) -> datetime:
    """When a key is to expire: `90d`, `12h` or `30m` from now, or a date or a time (UTC).

    Raises:
        ValueError: It is none of these, or is over.
    """
    age = _AGE.fullmatch(text)
    try:
        at = now + int(age[1]) * _AGES[age[2]] if age else datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"a key expires after 90d, 12h or 30m, or at 2030-12-31; got {text[:100]!r}"
        raise ValueError(msg) from None
    if at <= now:
        raise ValueError(f"{text[:100]!r} is over already")
    return at
