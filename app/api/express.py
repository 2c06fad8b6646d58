"""What is called thousands of times a second passes by the router and all that it brings along."""

from collections.abc import Callable
from functools import lru_cache
from typing import cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.plain_route import PlainRoute

Handler = Callable[[Request, Exception], Response]
Found = tuple[PlainRoute, dict[str, str]]

PATHS = 256
"""So many paths are known without a search."""


class Express:
    """Hands a request for a plain route to its endpoint; every other goes on.

    Args:
        app: What comes next.
        service: Whose plain routes and exception handlers these are; all are there by now.
    """

    def __init__(self, app: ASGIApp, service: FastAPI) -> None:
        self._app = app
        self._routes = [route for route in service.routes if isinstance(route, PlainRoute)]
        self._handlers = service.exception_handlers
        self._route_of = lru_cache(PATHS)(self._find)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._route_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        route, params = found
        scope["route"], scope["path_params"] = route, dict(params)
        response = await self._answer(route, Request(scope, receive))
        await response(scope, receive, send)

    def _find(self, method: str, path: str) -> Found | None:
        """The route of a request, and what its path says."""
        for route in self._routes:
            found = route.path_regex.match(path)
            if found is not None and method in (route.methods or ()):
                return route, found.groupdict()
        return None

    async def _answer(self, route: PlainRoute, request: Request) -> Response:
        try:
            response: Response = await route.endpoint(request)
        except Exception as error:
            for kind in type(error).__mro__[:-3]:  # what nobody expects is answered further out
                if kind in self._handlers:
                    handler = cast(Handler, self._handlers[kind])
                    return handler(request, error)
            raise
        return response
