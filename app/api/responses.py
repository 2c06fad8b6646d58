"""Responses that are more than a body: with an ETag, with a page's cursor, replayed by a key."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from app.api.schemas.common import ListBody
from app.domain.errors import IdempotencyMismatch, InvalidInput, PreconditionFailed
from app.store import idempotency
from app.store.database import Connection, Database, hold

Item = TypeVar("Item", bound=BaseModel)


def etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def tagged(request: Request, body: BaseModel) -> Response:
    """One resource with its ETag; 304 where the client has this version already."""
    return tagged_bytes(request, body.model_dump_json(by_alias=True).encode(), "application/json")


def tagged_bytes(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The same for one that is not JSON."""
    tag = etag(content)
    all_headers = {"ETag": tag, "Cache-Control": "no-cache", **(headers or {})}
    if _matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=all_headers)
    return Response(content, 200, all_headers, media_type)


def changed(body: BaseModel) -> Response:
    """What a change has left, with its ETag."""
    content = body.model_dump_json(by_alias=True).encode()
    headers = {"ETag": etag(content), "Cache-Control": "no-cache"}
    return Response(content, 200, headers, "application/json")


def require_match(request: Request, current: BaseModel | None) -> None:
    """Change something only where If-Match and If-None-Match allow it (RFC 9110 §13.1).

    `If-None-Match: *` stands for "only if there is none yet".
    """
    wanted, unwanted = (request.headers.get(name) for name in ("if-match", "if-none-match"))
    tag = None if current is None else etag(current.model_dump_json(by_alias=True).encode())
    if wanted is not None and (tag is None or not _matches(wanted, tag, weak=False)):
        raise PreconditionFailed(f"If-Match names another version; the current one is {tag}")
    if tag is not None and _matches(unwanted, tag):
        raise PreconditionFailed(f"If-None-Match names the version that is current: {tag}")


def _matches(header: str | None, tag: str, *, weak: bool = True) -> bool:
    """Whether a list of tags names this one, or any; a weak one only where that will do."""
    if header is None:
        return False
    named = [one.strip() for one in header.split(",")]
    return "*" in named or tag in named or (weak and f"W/{tag}" in named)


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
        self._cursor = cursor

    def after(self, pattern: str) -> str | None:
        """What the page before ended with; None for the first.

        Args:
            pattern: The form of what this list's cursors hold; another list's has another.
        """
        if self._cursor is None:
            return None
        try:
            after = base64.b64decode(self._cursor.encode(), b"-_", validate=True).decode()
        except (binascii.Error, ValueError):
            after = ""
        if not re.fullmatch(pattern, after):
            msg = "not a cursor of this list; send `next_cursor` of the page before, unchanged"
            raise InvalidInput.at(("query", "cursor"), msg, "cursor_invalid")
        return after


Pages = Annotated[Paging, Depends()]


def listed(items: Sequence[Item], next_: str | None) -> ListBody[Item]:
    """A page, with a cursor that holds what the next one goes on after."""
    cursor = None if next_ is None else base64.urlsafe_b64encode(next_.encode()).decode()
    return ListBody(data=list(items), next_cursor=cursor)


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same key with the same body answers the first response again.",
    ),
]


async def _key(request: Request, idempotency_key: IdempotencyKey = None) -> "Once":
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
                hold(connection, "idempotency", self._scope, self._key)
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
