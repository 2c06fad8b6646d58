"""From a response to a record, or to the exception that says what is wrong."""

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from app.client import errors
from app.client.errors import ApiError, Mistake, NotUnderstood

Answer = TypeVar("Answer", bound=BaseModel)

BUSY = (429, 502, 503, 504)
"""What the service, or a proxy before it, answers where it may work later."""

_KINDS: dict[int, type[ApiError]] = {
    400: errors.InvalidRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.PreconditionFailed,
    413: errors.InvalidRequest,
    415: errors.InvalidRequest,
    421: errors.Forbidden,
    422: errors.InvalidRequest,
    429: errors.Overloaded,
    502: errors.Overloaded,
    503: errors.Overloaded,
    504: errors.Overloaded,
    507: errors.Overloaded,
}


def parse(kind: type[Answer], response: httpx.Response) -> Answer:
    """The record that a response holds.

    Raises:
        NotUnderstood: It holds something else.
    """
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise _foreign(response, f"{where}: {first['msg']}") from error


def check(response: httpx.Response) -> httpx.Response:
    """The response, where it is a success; its body must have been read.

    Raises:
        ApiError: The service has refused.
        NotUnderstood: Something else has answered.
    """
    if response.is_success:
        return response
    problem = _problem(response)
    status = response.status_code
    if problem is None and status not in BUSY:
        location = response.headers.get("location")
        said = f"{status} {response.reason_phrase}" + (f" to {location}" if location else "")
        raise _foreign(response, said)
    if status == 405:
        raise _foreign(response, str((problem or {}).get("detail")))
    raise _api_error(response, problem or {})


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that a response asks to wait; None where it does not say."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    if not response.headers.get("content-type", "").startswith("application/problem+json"):
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _api_error(response: httpx.Response, problem: dict[str, Any]) -> ApiError:
    status = response.status_code
    kind = _KINDS.get(status, ApiError)
    detail = str(problem.get("detail") or response.reason_phrase)
    if status == 401 and "authorization" in response.request.headers:
        detail = "the key that was sent is not one of the service's"
    elif status == 401:
        detail = "the service asks for a key, and none was sent"
    return kind(
        status,
        str(problem.get("title") or response.reason_phrase),
        detail,
        type=str(problem.get("type") or "about:blank"),
        errors=[
            Mistake(tuple(one.get("loc", ())), str(one.get("msg")), str(one.get("type")))
            for one in problem.get("errors") or ()
        ],
        request_id=problem.get("request_id") or response.headers.get("x-request-id"),
        allowed_from=problem.get("allowed_from") or (),
        retry_after=retry_after(response),
    )


def _foreign(response: httpx.Response, said: str) -> NotUnderstood:
    request = response.request
    return NotUnderstood(
        f"{request.method} {request.url.copy_with(query=None)} was answered by something else than "
        f"Mnistry, or by another version of it than this client's ({said})"
    )
