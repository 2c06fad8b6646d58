"""What stands before every route, as plain ASGI, so that it acts before a body is read.

In this order: a request id; whether the Host is one of ours (a page that was rebound to this
address names another); whether a page of another site asks to change something; whether the key is
good enough; and how large the body may be. And on the way back, headers for browsers.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.log_ids import log_with
from app.services.keys import Keyring

Header = tuple[bytes, bytes]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PREDICT = re.compile(
    r"/v1(/models/[^/]+)?/predict|/v2/models/[^/]+(/versions/[^/]+)?/infer"
    r"|/v1/models/[^/]+:predict|/invocations|/predictions/[^/]+"
)
"""What a prediction is asked by, in every protocol."""

_SAMPLES = re.compile(r"/v1/datasets/[^/]+/samples")
_UPLOADS = ("/v1/models", "/v1/datasets")
_PORT = re.compile(r":[0-9]*\Z")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?")
_OPEN_PATHS = ("/", "/healthz", "/readyz", "/favicon.ico")
_SAFE = ("GET", "HEAD", "OPTIONS")
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
_READERS_POST = re.compile(
    rf"{_PREDICT.pattern}|/v1/models/[^/]+/evaluate|/v1/networks/validate"
    r"|/v1/networks/[^/]+/gradcheck|/v2/repository/index"
)
"""What a reader may POST: it changes nothing."""

_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        b"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"permissions-policy",
        b"camera=(self), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), "
        b"usb=()",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""Of every response that does not say otherwise."""

_NAMES = frozenset(name for name, _ in _HEADERS)


@dataclass(frozen=True)
class Policy:
    """What is let in.

    Attributes:
        keyring: The keys, and whether one is asked for.
        hosts: The host names that a request may name; empty: the loopback names, where only this
            machine is served and no key is asked for, else any.
        loopback: Whether only this machine is served.
        json_bytes: The largest JSON body.
        predict_bytes: The largest body of a prediction.
        upload_bytes: The largest upload.
    """

    keyring: Keyring
    hosts: frozenset[str]
    loopback: bool
    json_bytes: int
    predict_bytes: int
    upload_bytes: int


def host_names(text: str) -> frozenset[str]:
    """Host names that are listed with commas."""
    return frozenset(host.lower() for host in map(str.strip, text.split(",")) if host)


class Sent:
    """The headers of a request, turned into text only where they are looked at."""

    def __init__(self, headers: Sequence[Header]) -> None:
        self._headers = headers
        self._first: dict[bytes, bytes] = dict(reversed(headers))

    def get(self, name: bytes) -> str:
        """The first of a name; empty if there is none."""
        return self._first.get(name, b"").decode("latin-1")

    def only(self, name: bytes) -> bytes | None:
        """The one of a name; None if there is none, or more than one."""
        all_differ = len(self._first) == len(self._headers)
        if all_differ or sum(1 for one, _ in self._headers if one == name) == 1:
            return self._first.get(name)
        return None

    def __contains__(self, name: bytes) -> bool:
        return name in self._first


def headers_of(request_id: str, headers: Sequence[Header]) -> list[Header]:
    """A response's headers, with those that every response has."""
    given = dict(headers)
    more: Sequence[Header] = _HEADERS
    if not _NAMES.isdisjoint(given):
        more = tuple(header for header in _HEADERS if header[0] not in given)
    return [*headers, (b"x-request-id", request_id.encode()), *more]


class Edge:
    """The middleware.

    Args:
        app: What it stands before.
        policy: What is let in.
    """

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Sent(scope["headers"])
        request_id = scope["request_id"] = request_id_of(headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = headers_of(request_id, message["headers"])
            await send(message)

        try:
            self._check(scope, headers)
            limit = self._limit(scope["path"], headers)
            _check_length(headers, limit)
        except HTTPException as error:
            response = problem(scope, error.status_code, error.detail, headers=error.headers)
            await response(scope, receive, send_with_headers)
            return
        log_with(request_id=request_id)  # a request has a task of its own, which ends with it
        await self._app(scope, _limited(receive, limit), send_with_headers)

    def _check(self, scope: Scope, headers: Sent) -> None:
        self._check_host(headers)
        if scope["method"] not in _SAFE:
            _check_origin(headers)
        if self._policy.keyring.asks:
            self._check_key(scope, headers)

    def _check_host(self, headers: Sent) -> None:
        sent = headers.only(b"host")
        if sent is None:
            raise HTTPException(421, "one Host header is needed")
        host, hosts = sent.decode("latin-1"), self._policy.hosts
        if not hosts and self._policy.loopback and not self._policy.keyring.asks:
            hosts = _LOOPBACK_HOSTS
        if hosts and _without_port(host) not in hosts:
            known = ", ".join(sorted(hosts))
            raise HTTPException(421, f"this service answers as {known}, not as {host[:100]!r}")
        if not hosts and not _HOST.fullmatch(host):
            raise HTTPException(421, f"{host[:100]!r} is not the name of a host")

    def _check_key(self, scope: Scope, headers: Sent) -> None:
        path: str = scope["path"]
        if path in _OPEN_PATHS or path.startswith("/static/"):
            return
        kind, _, key = (headers.only(b"authorization") or b"").partition(b" ")
        role = self._policy.keyring.role_of(key.strip()) if kind.lower() == b"bearer" else None
        if role is None:
            challenge = {"WWW-Authenticate": "Bearer"}
            raise HTTPException(401, "send a key: Authorization: Bearer <key>", challenge)
        reads = scope["method"] in _SAFE or _READERS_POST.fullmatch(path)
        if role == "reader" and not reads:
            raise HTTPException(403, "a reader's key may read and predict; this needs a trainer's")

    def _limit(self, path: str, headers: Sent) -> int:
        if _brings_inputs(path):
            return self._policy.predict_bytes
        if path in _UPLOADS and headers.get(b"content-type").lower().startswith("multipart/"):
            return self._policy.upload_bytes
        return self._policy.json_bytes


@lru_cache(256)  # clients ask for the same few paths, and two patterns take a microsecond each
def _brings_inputs(path: str) -> bool:
    return bool(_PREDICT.fullmatch(path) or _SAMPLES.fullmatch(path))


def request_id_of(headers: Sent) -> str:
    """The client's own, where it is one that can be written anywhere; else a new one.

    It has to differ from others, not to be hard to guess: nothing is let in by it.
    """
    sent = headers.get(b"x-request-id")
    return sent if _REQUEST_ID.fullmatch(sent) else f"{random.getrandbits(64):016x}"


@lru_cache(256)
def _without_port(host: str) -> str:
    """The name, in small letters: names of hosts know no others (RFC 9110 §4.2.3)."""
    return _PORT.sub("", host).lower()


def _check_origin(headers: Sent) -> None:
    """Refuse what another site's page asks for; programs send neither header."""
    if b"sec-fetch-site" not in headers and b"origin" not in headers:
        return
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site in ("same-origin", "none"):
        return
    if b"sec-fetch-site" not in headers and _authority(origin) == headers.get(b"host").lower():
        return
    raise HTTPException(403, "a page of another site may not change anything here")


def _authority(origin: str) -> str | None:
    """Host and port of an Origin; None where it is no address, as in `null`."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _check_length(headers: Sent, limit: int) -> None:
    length = headers.get(b"content-length")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)


def _limited(receive: Receive, limit: int) -> Receive:
    """Count what comes in, whatever the Content-Length said."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"the body is larger than {limit:,} bytes")
