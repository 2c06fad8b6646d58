"""Responses that are more than a body: with an ETag, with a page's cursor, replayed by a key."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from app.api.schemas.common import ListBody, Problem
from app.domain import ids
from app.domain.errors import IdempotencyMismatch, InvalidInput, PreconditionFailed
from app.store import idempotency
from app.store.database import Connection, Database

Item = TypeVar("Item", bound=BaseModel)

_PROBLEM_CONTENT = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error responses of a route, for the OpenAPI document."""
    described: dict[int | str, dict[str, Any]] = {
        status: {"description": DESCRIPTIONS[status], "content": _PROBLEM_CONTENT}
        for status in (*statuses, *EVERYWHERE)
    }
    described["default"] = {"description": "Any other problem", "content": _PROBLEM_CONTENT}
    return described


EVERYWHERE = (401, 403, 421, 429, 503)

DESCRIPTIONS = {
    400: "The body is not JSON.",
    401: "A key is needed.",
    403: "The key is too weak, or a page of another site asked.",
    404: "There is no such thing.",
    409: "Its state forbids it.",
    412: "It has changed since the version that If-Match names.",
    413: "The body is too large.",
    415: "The media type is not taken here.",
    421: "The Host is not one of this service.",
    422: "The request does not validate.",
    429: "Too many at a time; try again after Retry-After seconds.",
    503: "Not ready; try again after Retry-After seconds.",
}

PROBLEM_SCHEMA = Problem


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def tagged(request: Request, body: BaseModel, status: int = 200) -> Response:
    """One resource with its ETag; 304 where the client has this version already."""
    content = body.model_dump_json(by_alias=True).encode()
    tag = etag(content)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, status, headers, "application/json")


def require_match(request: Request, current: BaseModel | None) -> None:
    """Go on only where If-Match, if it is there, names the version that is current."""
    wanted = request.headers.get("if-match")
    if wanted is None:
        return
    tag = None if current is None else etag(current.model_dump_json(by_alias=True).encode())
    if tag is None or not _matches(wanted, tag):
        raise PreconditionFailed(f"If-Match names another version; the current one is {tag}")


def _matches(header: str | None, tag: str) -> bool:
    if header is None:
        return False
    named = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in named or tag in named


class Paging:
    """The parameters that every list takes."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=100, description="Items a page.")] = 20,
        cursor: Annotated[
            str | None, Query(description="`next_cursor` of the page before.", max_length=200)
        ] = None,
    ) -> None:
        self.limit = limit
        self.after = None if cursor is None else _decode_cursor(cursor)


Pages = Annotated[Paging, Depends()]


def listed(items: Sequence[Item], next_id: str | None) -> ListBody[Item]:
    cursor = None if next_id is None else base64.urlsafe_b64encode(next_id.encode()).decode()
    return ListBody(data=list(items), next_cursor=cursor)


def _decode_cursor(cursor: str) -> str:
    try:
        after = base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, ValueError):
        after = ""
    if not ids.is_id(after):
        msg = "not a cursor; send `next_cursor` of the page before, unchanged"
        raise InvalidInput.at(("query", "cursor"), msg, "cursor_invalid")
    return after


async def _key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            description="The same key with the same body answers the first response again.",
        ),
    ] = None,
) -> "Once":
    content = await request.body()
    return Once(
        f"{request.method} {request.url.path}", idempotency_key, hashlib.sha256(content).hexdigest()
    )


class Once:
    """Does what a request asks for once, however often it is sent with the same key.

    Args:
        scope: Method and path.
        key: The client's key; None: every request counts.
        request_sha256: Tells the same body from another.
    """

    def __init__(self, scope: str, key: str | None, request_sha256: str) -> None:
        self._scope = scope
        self._key = key
        self._request_sha256 = request_sha256

    def run(
        self,
        database: Database,
        status: int,
        create: Callable[[Connection], tuple[BaseModel, str]],
    ) -> Response:
        """Answer with what `create` makes (a body and its location), or made the first time.

        What it makes and the answer are one transaction, so a lost response is no lost resource.
        """
        with database.writing() as connection:
            if self._key is not None:
                known = idempotency.get(connection, self._scope, self._key)
                if known is not None:
                    return self._replay(known)
            body, location = create(connection)
            text = body.model_dump_json(by_alias=True)
            answer = idempotency.Answer(
                request_sha256=self._request_sha256, status=status, location=location, body=text
            )
            if self._key is not None:
                idempotency.put(connection, self._scope, self._key, answer)
        return _response(answer)

    def _replay(self, known: idempotency.Answer) -> Response:
        if known.request_sha256 != self._request_sha256:
            raise IdempotencyMismatch(
                "this Idempotency-Key was used for another body; use a new key for a new request"
            )
        return _response(known)


def _response(answer: idempotency.Answer) -> Response:
    headers = {} if answer.location is None else {"Location": answer.location}
    return Response(answer.body, answer.status, headers, "application/json")


OnceOnly = Annotated[Once, Depends(_key)]
