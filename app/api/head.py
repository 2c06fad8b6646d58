"""HEAD: what GET would answer, without its body (RFC 9110 §9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Asks the app with GET in place of HEAD, and keeps the body back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        asked = {**scope, "method": "GET"}

        async def send_start(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["route"] = asked.get("route")  # which requests are counted by
                await send(message)
                # The response ends here: a stream is told that its client is gone.
                await send({"type": "http.response.body", "body": b""})

        await self._app(asked, receive, send_start)
