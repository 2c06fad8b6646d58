"""The one table from error to status, and the RFC 9457 bodies that clients get."""

import difflib
import errno
import json
import logging
import math
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from app.api.failures_v2 import failure, is_v2
from app.domain import errors
from app.domain.errors import FieldError, Loc
from app.domain.spec import field_names
from app.store.blobs import ArtifactsAway, CorruptBlob
from app.store.database import (
    ChangedMeanwhile,
    DatabaseAway,
    DatabaseBusy,
    UnstorableValue,
    is_full,
)

log = logging.getLogger(__name__)

STATUS: Mapping[type[errors.MnistryError], int] = {
    errors.InvalidInput: 422,
    errors.UnusableImage: 422,
    errors.UnusableFile: 422,
    errors.NotFound: 404,
    errors.StateConflict: 409,
    errors.PreconditionFailed: 412,
    errors.IdempotencyMismatch: 422,
    errors.TooManyJobs: 429,
    errors.StorageFull: 507,
    errors.Overloaded: 503,
}

CODES: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read"),
    401: ("unauthorized", "A key is needed"),
    403: ("forbidden", "This is not allowed"),
    404: ("not-found", "There is no such thing"),
    405: ("method-not-allowed", "The method is not allowed here"),
    408: ("timeout", "The request did not come in time"),
    409: ("conflict", "The state forbids it"),
    412: ("precondition-failed", "It has changed in the meantime"),
    413: ("too-large", "The body is too large"),
    414: ("url-too-long", "The address is too long"),
    415: ("unsupported-media-type", "The media type is not taken here"),
    416: ("range-not-satisfiable", "The file has no such bytes"),
    421: ("misdirected", "The host name is not one of this service"),
    422: ("invalid", "The request does not validate"),
    429: ("too-many", "Too many at a time"),
    431: ("headers-too-large", "The headers are too large"),
    500: ("internal", "The service failed"),
    503: ("unavailable", "The service is not ready"),
    507: ("storage-full", "The storage is full"),
}
"""For each status the code in a problem's `type`, and its title."""

MOST_ERRORS = 100
"""A megabyte can be wrong in a hundred thousand places, and each takes time to explain."""


def problem(
    scope: Scope,
    status: int,
    detail: str,
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An application/problem+json response; below /v2 what its protocol says in place of it."""
    if is_v2(scope):
        return failure(scope, status, detail, headers)
    code, title = CODES.get(status) or (str(status), HTTPStatus(status).phrase)
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": scope["request_id"],
        **(extra or {}),
    }
    content = json.dumps(body, ensure_ascii=True, allow_nan=False)
    return Response(content, status, dict(headers or {}), "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem."""
    app.add_exception_handler(errors.MnistryError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DatabaseAway, _database_error)
    app.add_exception_handler(DatabaseBusy, _database_error)
    app.add_exception_handler(ArtifactsAway, _artifacts_error)
    app.add_exception_handler(CorruptBlob, _artifacts_error)
    app.add_exception_handler(ChangedMeanwhile, _changed_meanwhile)
    app.add_exception_handler(UnstorableValue, _unstorable)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(OSError, _no_room)
    app.add_exception_handler(Exception, _unexpected)


def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.MnistryError)  # noqa: S101 - registered for it
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    extra: dict[str, Any] = {}
    headers = {}
    if isinstance(error, errors.InvalidInput):
        extra["errors"] = [_item(one) for one in error.errors]
    elif isinstance(error, errors.UnusableFile):
        extra["errors"] = [_item(FieldError(("file",), str(error), "unusable_file"))]
    elif isinstance(error, errors.StateConflict) and error.allowed_from is not None:
        extra["allowed_from"] = error.allowed_from
    elif isinstance(error, errors.TooManyJobs):
        headers["Retry-After"] = "10"
    elif isinstance(error, errors.Overloaded):
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    return problem(request.scope, status, str(error), extra, headers)


def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    found = [_field_error(one, error.body) for one in error.errors()[:MOST_ERRORS]]
    detail = "; ".join(one.msg for one in found[:3])
    extra = {"errors": [_item(one) for one in found]}
    return problem(request.scope, 422, detail, extra)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    detail, headers = error.detail, error.headers
    if error.status_code == 404 and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"there is nothing at {request.scope['path'][:200]}"
    elif error.status_code == 405:
        allowed = ", ".join(_methods(request)) or (headers or {}).get("Allow", "")
        detail = f"{request.method} is not allowed here, only {allowed}"
        headers = {"Allow": allowed}
    return problem(request.scope, error.status_code, detail, headers=headers)


def _methods(request: Request) -> list[str]:
    """What is described at this path; the router's own answer names only the first route's."""
    app: FastAPI = request.app
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    fitting = [
        template
        for template in paths
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), request.scope["path"])
    ]
    if not fitting:
        return []
    # `{model}:predict` says more of a path than `{model}`, which it fits too.
    closest = max(fitting, key=lambda template: len(re.sub(r"\{\w+\}", "", template)))
    allowed = {method.upper() for method in paths[closest]}
    return sorted(allowed | {"HEAD"} if "GET" in allowed else allowed)


def _database_error(request: Request, error: Exception) -> Response:
    log.error("the database failed", exc_info=error)
    # The driver's own words: those around them repeat the statement and what a client sent.
    if isinstance(error, DatabaseAway) and is_full(error):
        return problem(request.scope, 507, "nothing can be stored at present")
    detail = "the database does not answer at present"
    return problem(request.scope, 503, detail, headers={"Retry-After": "1"})


def _no_room(request: Request, error: Exception) -> Response:
    """An upload that the disk has no room for while it comes."""
    assert isinstance(error, OSError)  # noqa: S101 - registered for it
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        raise error
    log.error("the disk is full", exc_info=error)
    return problem(request.scope, 507, "nothing can be stored at present")


def _artifacts_error(request: Request, error: Exception) -> Response:
    log.error("the storage failed", exc_info=error)
    if isinstance(error, CorruptBlob):
        detail = "what is stored is not what was written; it is not used"
        return problem(request.scope, 500, detail, {"code": "artifact_corrupt"})
    detail = "the storage of models does not answer at present"
    return problem(request.scope, 503, detail, headers={"Retry-After": "1"})


def _changed_meanwhile(request: Request, error: Exception) -> Response:
    log.warning("two requests at once", exc_info=error)
    detail = "what this needs was changed by another request at the same moment; try again"
    return problem(request.scope, 409, detail)


def _unstorable(request: Request, _error: Exception) -> Response:
    detail = "a text or a number is none that can be stored, such as text with a NUL"
    return problem(request.scope, 422, detail)


def _gone(request: Request, _error: Exception) -> Response:
    return problem(request.scope, 400, "the connection was closed before the body came")


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("the request failed", exc_info=error)
    # The only answer that does not come by way of the edge, which gives all others their id.
    headers = {"X-Request-ID": request.scope["request_id"], "Cache-Control": "no-store"}
    detail = "this is a defect of the service; its log says more"
    return problem(request.scope, 500, detail, headers=headers)


def _item(error: FieldError) -> dict[str, Any]:
    return {"loc": list(error.loc), "msg": error.msg, "type": error.type}


def _field_error(error: Mapping[str, Any], body: Any) -> FieldError:
    """One of pydantic's errors, in the client's terms: its place, and what was probably meant."""
    source, *path = error["loc"]
    if source != "body":
        return FieldError((source, *path), f"{path[0]}: {error['msg']}", error["type"])
    loc, value = _in_body(path, body, missing=error["type"] == "missing")
    context = error.get("ctx") or {}
    message = error["msg"]
    if error["type"] == "missing":
        message = f"the field {loc[-1]} is missing" if loc else "a body is needed"
    elif error["type"] == "union_tag_invalid":
        known = [name.strip("' ") for name in context["expected_tags"].split(",")]
        loc = (*loc, context["discriminator"].strip("'"))
        message = f"unknown type {context['tag'][:100]!r}{_meant(context['tag'], known)}"
    elif error["type"] == "union_tag_not_found":
        message = f"the field {context['discriminator']} is missing; it says which kind this is"
        loc = (*loc, context["discriminator"].strip("'"))
    elif error["type"] == "literal_error" and isinstance(value, str):
        known = [name.strip("' ") for name in context["expected"].replace(" or ", ",").split(",")]
        message = f"{value[:100]!r} is not known{_meant(value, known)}"
    elif error["type"] == "extra_forbidden":
        name = str(loc[-1])[:100]
        close = difflib.get_close_matches(name, field_names() - {name}, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "it is not taken here"
        message = f"unknown field {name!r}; {hint}"
    elif isinstance(value, int | float | str) and error["type"] != "missing":
        message = f"{message}, got {value!r:.100}"
    return FieldError(loc, message, error["type"])


def _in_body(path: Sequence[str | int], body: Any, *, missing: bool) -> tuple[Loc, Any]:
    """Follow a path into the body that was sent, without the names of unions' branches."""
    loc: list[str | int] = []
    value = body
    for i, step in enumerate(path):
        last = i == len(path) - 1
        if not last and isinstance(value, dict) and value.get("type") == step:
            continue  # a branch is named by its type, though the client may have such a key too
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            if not (missing and last):
                continue
        loc.append(step)
    return tuple(loc), value


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]!r}? Known are {', '.join(known)}"
    return f"; known are {', '.join(known)}"
