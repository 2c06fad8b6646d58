"""What has come in and is not answered yet is bounded, whoever sends it, in bytes.

Each body has a limit of its own; this is the one of all together, so that memory does not depend on
how many are sent at a time.
"""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem

FEW = 65_536
"""Bytes that a connection may hold anyhow; a body that announces no more is not counted."""

RETRY = {"Retry-After": "1"}


class Intake:
    """Counts the bodies of a process.

    Args:
        app: What is behind it.
        most: Bytes of all bodies.
        most_of_one: What is more in one body is kept on the disk, and not counted.
    """

    def __init__(self, app: ASGIApp, most: int, most_of_one: int) -> None:
        self._app = app
        self._most = most
        self._most_of_one = most_of_one
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _announced(scope) <= FEW:
            await self._app(scope, receive, send)
            return
        if self._held + min(_announced(scope), self._most_of_one) > self._most:
            response = problem(scope, 503, self._refusal(), headers=RETRY)
            await response(scope, receive, send)
            return
        own = 0

        async def counted() -> Message:
            nonlocal own
            message = await receive()
            more = min(len(message.get("body", b"")), self._most_of_one - own)
            if self._held + more > self._most:
                raise HTTPException(503, self._refusal(), RETRY)
            own += more
            self._held += more
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._held -= own

    def _refusal(self) -> str:
        return f"bodies of {self._held:,} bytes are being read already; try again"


def _announced(scope: Scope) -> int:
    """The length that a body is said to have; of one in chunks more than a few."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
        if name == b"transfer-encoding":
            return FEW + 1
    return 0
