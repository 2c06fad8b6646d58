"""Which keys open this service, in memory: those of its settings, and those that are stored."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain import clock
from app.domain.keys import Role, digest
from app.store import keys
from app.store.database import Database


@dataclass(frozen=True)
class Right:
    """What a key gives, and until when, in seconds since 1970."""

    role: Role
    until: float = math.inf


class Keyring:
    """The keys that this process knows.

    Once there was a key, everybody is asked for one, and goes on being asked when the last has
    expired or was revoked: time and a command take rights away, and never give any.

    Args:
        configured: Of the settings.
        loopback: Whether only this machine is served: then also without a key, until there is one.
        open_: Whether everybody is, wherever they are, where there is no key.

    Attributes:
        asks: Whether a key is asked for.
    """

    def __init__(
        self, configured: Iterable[tuple[Role, str]], *, loopback: bool, open_: bool
    ) -> None:
        self._configured = {digest(key.encode()): Right(role) for role, key in configured}
        self._rights = self._configured
        self._loopback = loopback
        self._open = open_
        self.asks = True  # until the database was looked at

    def refresh(self, database: Database) -> None:
        """Read the stored keys again."""
        with database.reading() as connection:
            stored = keys.all_of_them(connection)
        rights = {
            bytes.fromhex(key.sha256): Right(
                key.role, math.inf if key.expires_at is None else clock.seconds(key.expires_at)
            )
            for key in stored
            if key.revoked_at is None
        }
        self._rights = {**rights, **self._configured}
        now = time.time()
        valid = any(right.until > now for right in self._rights.values())
        self.asks = valid or not (self._open or (self._loopback and not stored))

    def role_of(self, key: bytes) -> Role | None:
        """What a key gives now; None: nothing."""
        right = self._rights.get(digest(key))
        return right.role if right is not None and time.time() < right.until else None
