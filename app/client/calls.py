"""What is to be sent, without sending it: the part that blocking and asynchronous clients share.

A conversation with the service is a generator. It yields what is to be done next, a `Call` or a
`Pause`, and is sent what came of it. So retries, waiting and pages are written once; who does
what a generator asks for is `blocking/transport.py` or `asynchronous/transport.py`.
"""

import random
import time
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel

from app.client.answers import BUSY, check, parse, retry_after
from app.client.errors import Unreachable
from app.client.records import Page

SLOW_SECONDS = 600.0
"""How long an answer may take that reads a whole dataset or carries a model."""

Answer = TypeVar("Answer", bound=BaseModel)
Result = TypeVar("Result")
File = tuple[str | None, bytes]
"""A name, and what is in it."""


@dataclass(frozen=True)
class Call:
    """One request. Sending it twice does no more than once: what creates has a key for that.

    Attributes:
        method: GET, POST and so on.
        path: From the service's address on.
        params: The query.
        body: A JSON body; None: there is none.
        form: Parts of a form that are text.
        files: Parts of a form that are files, each a field with a file.
        headers: Beside those that every request has.
        seconds: How long to wait for the answer; None: as the client was told.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[tuple[str, File]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


Came = httpx.Response | httpx.TransportError | None
"""What came of a step: an answer, the reason why there is none, nothing of a pause."""

Steps = Generator[Call | Pause, Came, Result]


@dataclass(frozen=True)
class Patience:
    """How long to try again.

    Attributes:
        connecting: Seconds for which nothing may listen at the address.
        answering: Seconds for which connections may be lost, or the service be too busy.
    """

    connecting: float
    answering: float


ASKING = Patience(connecting=2.0, answering=30.0)
FOLLOWING = Patience(connecting=120.0, answering=120.0)
"""For what takes long anyway: the service may be started again meanwhile."""


def answered(call: Call, patience: Patience = ASKING) -> Steps[httpx.Response]:
    """Send until there is an answer, and check it.

    Raises:
        Unreachable: There was none for too long.
        ApiError: The service has refused.
        NotUnderstood: Something else has answered.
    """
    began = time.monotonic()
    lost = False
    for delay in delays():
        came = yield call
        waited = time.monotonic() - began
        if isinstance(came, httpx.ConnectError):
            if waited + delay > patience.connecting:
                raise unreachable(came) from came
        elif isinstance(came, httpx.TransportError):
            lost = True
            if waited + delay > patience.answering:
                raise unreachable(came) from came
        else:
            assert came is not None  # noqa: S101 - a call is answered, or fails
            if call.method == "DELETE" and came.status_code == httpx.codes.NOT_FOUND and lost:
                return came  # the answer that was lost said that it is gone
            delay = retry_after(came) or delay  # noqa: PLW2901 - the service knows better
            if came.status_code not in BUSY or waited + delay > patience.answering:
                return check(came)
        yield Pause(delay)
    raise AssertionError  # delays() never ends


def delays() -> Iterator[float]:
    """Seconds between attempts: longer and longer, and never at the same time as others'."""
    delay = 0.1
    while True:
        yield delay * random.uniform(0.75, 1.25)
        delay = min(2 * delay, 4.0)


def unreachable(error: httpx.TransportError) -> Unreachable:
    """The reason why there is no answer, in words."""
    url = error.request.url
    address = f"{url.scheme}://{url.netloc.decode()}"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Unreachable(f"no service answers at {address}: {str(error) or 'it took too long'}")
    if isinstance(error, httpx.ReadTimeout):
        return Unreachable(f"{address} took too long to answer {error.request.method} {url.path}")
    return Unreachable(
        f"the connection to {address} was lost: {str(error) or type(error).__name__}"
    )


def read(kind: type[Answer], path: str, params: Mapping[str, Any] | None = None) -> Steps[Answer]:
    """What is at a path."""
    response = yield from answered(Call("GET", path, params=params or {}))
    return parse(kind, response)


def download(path: str, params: Mapping[str, Any] | None = None) -> Steps[httpx.Response]:
    """What is at a path, where it is no JSON."""
    return (yield from answered(Call("GET", path, params=params or {}, seconds=SLOW_SECONDS)))


def page(
    kind: type[Answer], path: str, params: Mapping[str, Any], cursor: str | None
) -> Steps[Page[Answer]]:
    """A part of a list.

    Args:
        kind: What is in the list.
        path: Where it is.
        params: What narrows it; None is left out.
        cursor: Where the part before ended; None for the first.
    """
    given = {name: value for name, value in params.items() if value is not None}
    if cursor is not None:
        given["cursor"] = cursor
    response = yield from answered(Call("GET", path, params=given))
    return parse(Page[kind], response)  # type: ignore[valid-type]


def create(
    kind: type[Answer],
    path: str,
    body: Any = None,
    *,
    form: Mapping[str, str] | None = None,
    files: Sequence[tuple[str, File]] = (),
) -> Steps[Answer]:
    """Make something once, however often it has to be sent."""
    call = Call(
        "POST",
        path,
        body=body,
        form=form or {},
        files=files,
        headers={"Idempotency-Key": uuid.uuid4().hex},
        seconds=SLOW_SECONDS if files else None,
    )
    return parse(kind, (yield from answered(call)))


def ask(
    kind: type[Answer],
    path: str,
    body: Any = None,
    *,
    method: str = "POST",
    params: Mapping[str, Any] | None = None,
    files: Sequence[tuple[str, File]] = (),
    seconds: float | None = None,
) -> Steps[Answer]:
    """Have something done that does no harm when it is done twice."""
    call = Call(method, path, params=params or {}, body=body, files=files, seconds=seconds)
    return parse(kind, (yield from answered(call)))


def delete(path: str) -> Steps[None]:
    """Remove something."""
    yield from answered(Call("DELETE", path))
