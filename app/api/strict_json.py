"""The one parser of JSON bodies: strict where Python's own is not.

NaN, Infinity, numbers too large to be finite, duplicate keys, lone surrogates and anything but
UTF-8 are refused. It is put under every route by `StrictRoute`.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from app.api.media import media_type

_JSON = re.compile(r"application/([^/]+\+)?json")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class MalformedJson(HTTPException):
    """A body that is not JSON, or more than JSON."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


def loads(content: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        MalformedJson: It is none.
    """
    try:
        value = _DECODER.decode(content.decode())
        if _SURROGATE.search(content):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise MalformedJson(f"the body is not UTF-8: byte {error.start}") from error
    except UnicodeEncodeError as error:
        raise MalformedJson("the body holds half a surrogate pair") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedJson(f"the body is not JSON: {error.msg}, at {where}") from error
    except RecursionError as error:
        raise MalformedJson("the body is nested too deeply") from error
    except ValueError as error:
        raise MalformedJson(f"the body is not JSON: {error}") from error
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON; send null or leave it out")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        ((twice, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice[:100]!r} is there twice")
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
)


class StrictRequest(Request):
    """A request whose JSON is parsed by `loads`."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = loads(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that takes its JSON strictly, and nothing else where it takes JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        takes_json = self.body_field is not None

        async def strict(request: Request) -> Response:
            if takes_json:
                require_json(request)
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def is_json(media_type: str) -> bool:
    """Whether a media type, in small letters and without parameters, is JSON."""
    return _JSON.fullmatch(media_type) is not None


def require_json(request: Request) -> None:
    """Refuse a body that does not say that it is JSON."""
    sent = media_type(request)
    if is_json(sent):
        return
    raise HTTPException(415, f"the body must be application/json, got {sent or 'no Content-Type'}")
