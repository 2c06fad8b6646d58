"""Where the service is, and how it is spoken to: what both transports give to httpx."""

from dataclasses import dataclass
from typing import Any

import httpx

from app.client.calls import Call

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_SECONDS = 5.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Address:
    """A service.

    Attributes:
        url: Where it is.
        key: The key to send; None: none.
        seconds: How long to wait for an answer.
    """

    url: str
    key: str | None
    seconds: float

    def __post_init__(self) -> None:
        try:
            parsed = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ValueError(f"{self.url!r} is no address: {error}") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            msg = f"an address is as {DEFAULT_URL}, got {self.url!r}"
            raise ValueError(msg)
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            msg = "a key has printable ASCII characters only"
            raise ValueError(msg)

    def options(self) -> dict[str, Any]:
        """The arguments of an httpx client."""
        headers = {"User-Agent": "mnistry-client"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        return {
            "base_url": self.url,
            "headers": headers,
            "timeout": self._timeout(self.seconds),
            # A proxy of the environment's is none for this machine itself.
            "trust_env": httpx.URL(self.url).host not in _LOOPBACK,
        }

    def request(self, call: Call) -> dict[str, Any]:
        """The arguments of `build_request` for a call."""
        return {
            "method": call.method,
            "url": call.path,
            "params": call.params or None,
            "json": call.body,
            "data": call.form or None,
            "files": list(call.files) or None,
            "headers": call.headers,
            "timeout": self._timeout(self.seconds if call.seconds is None else call.seconds),
        }

    def _timeout(self, seconds: float) -> httpx.Timeout:
        return httpx.Timeout(seconds, connect=CONNECT_SECONDS)
