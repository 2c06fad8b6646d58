"""Ids: made by the server, opaque to clients, ordered by the time they were made.

48 bits of milliseconds and 80 random bits, as in ULID (github.com/ulid/spec), behind a prefix that
says what the id names. Because they sort by time, a list's cursor is simply the last id of a page.
"""

import re
import secrets
import time
from typing import Literal

Prefix = Literal["net", "job", "mdl", "swp", "dst", "obj", "key"]

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS = "[0-9a-hjkmnp-tv-z]{26}"
NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"

_ID = re.compile(f"[a-z]{{3}}_{_DIGITS}")


def pattern(prefix: Prefix) -> str:
    """The form of ids with this prefix, all of it."""
    return f"{prefix}_{_DIGITS}"


def new_id(prefix: Prefix) -> str:
    """A new id, such as `job_01j9zq3v5k8m2n4p6r8t0w2y4a`."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    digits = [_ALPHABET[value >> shift & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id."""
    return _ID.fullmatch(text) is not None
