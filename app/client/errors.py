"""What can go wrong between a program and the service.

ClientError
├── Unreachable        nothing answers at the address, or the connection was lost for too long
├── NotUnderstood      what answers is another program, or another version of the service
├── JobFailed          a job that was waited for has failed or was cancelled
├── TookTooLong        a job that was waited for has not ended in time
└── ApiError           the service has refused; it says why
    ├── InvalidRequest         400, 413, 415, 422: change what was asked
    ├── Unauthorized           401: give a key
    ├── Forbidden              403, 421: this key, or this address, may not
    ├── NotFound               404
    ├── Conflict               409: the state forbids it
    │   └── PreconditionFailed 412: it has changed in the meantime
    └── Overloaded             429, 503, 507: later it may work; it was tried for a while
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ClientError(Exception):
    """Anything that the client has to say."""


class Unreachable(ClientError):
    """No answer has come: is the service running, is the address right?"""


class NotUnderstood(ClientError):
    """What has answered does not speak as this client does."""


class TookTooLong(ClientError, TimeoutError):
    """A job has not ended within the time that was given; it goes on."""


class JobFailed(ClientError):
    """A job ended without success.

    Attributes:
        status: `failed` or `cancelled`.
        error: What the service says: code, title, detail, suggestion; None for a cancelled one.
    """

    def __init__(self, job_id: str, status: str, error: dict[str, Any] | None) -> None:
        why = f": {error['title']}. {error['detail']}" if error else ""
        super().__init__(f"job {job_id} is {status}{why}")
        self.status = status
        self.error = error


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong with a request.

    Attributes:
        loc: Where in the body that was sent, as `("layers", 2, "kernel_size")`.
        msg: What was got and what was expected.
        type: The kind of mistake, for programs.
    """

    loc: tuple[str | int, ...]
    msg: str
    type: str

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.loc))}: {self.msg}" if self.loc else self.msg


class ApiError(ClientError):
    """The service has refused a request: an RFC 9457 problem.

    Attributes:
        status: The HTTP status.
        type: The kind of problem for programs, as `/problems/conflict`.
        title: The kind of problem.
        detail: What happened this time.
        errors: What to change in the request; empty where nothing is to be.
        request_id: Finds the request in the service's log.
        allowed_from: For a conflict, the states from which the action is possible.
        retry_after: Seconds after which it may work; None where nothing was said of it.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        type: str = "about:blank",  # noqa: A002 - as RFC 9457 calls it
        errors: Sequence[Mistake] = (),
        request_id: str | None = None,
        allowed_from: Sequence[str] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__("; ".join(map(str, errors)) or detail or title)
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.request_id = request_id
        self.allowed_from = tuple(allowed_from)
        self.retry_after = retry_after


class InvalidRequest(ApiError):
    """What was asked does not validate; `errors` says where."""


class Unauthorized(ApiError):
    """A key is needed, or the one that was sent is not known."""


class Forbidden(ApiError):
    """The key is too weak, or the service does not answer to this host name."""


class NotFound(ApiError):
    """There is no such thing."""


class Conflict(ApiError):
    """The state forbids it."""


class PreconditionFailed(Conflict):
    """It has changed since the version that the request named."""


class Overloaded(ApiError):
    """Too many at a time, not ready, or full; it was tried again for a while."""
