"""API keys: what is configured, and the role that a key gives.

Keys are compared by their SHA-256, so that the time it takes tells nothing about them.
"""

import hashlib
from typing import Literal

Role = Literal["reader", "trainer"]


def digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


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
    return keys
