"""A route for what is called thousands of times a second."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response


class PlainRoute(APIRoute):
    """Described by FastAPI, answered as by Starlette: a request goes in, a response comes out.

    What FastAPI would do in between (dependencies, validation, serialization) is the endpoint's.
    """

    def __init__(
        self, path: str, endpoint: Callable[[Request], Awaitable[Response]], **options: Any
    ) -> None:
        super().__init__(path, endpoint, **options)
        self.app = request_response(endpoint)
