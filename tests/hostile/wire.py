"""Requests as bytes, and answers: an HTTP client that lets everything through.

A library would refuse to send, or quietly repair, most of what is sent here.
"""

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from urllib.parse import urlsplit

PATIENCE = 70.0

Address = tuple[str, int]

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Request:
    """What is sent.

    Attributes:
        method: Any token.
        target: As it stands in the first line, encoded.
        content: The body.
        headers: More of them; Host and Content-Length come by themselves.
        statuses: What may be answered; empty: anything but a failure of the service.
    """

    method: str
    target: str
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    statuses: frozenset[int] = frozenset()

    def __bytes__(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        given = {name.lower() for name in self.headers}
        lines += ["Host: localhost"] if "host" not in given else []
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if "content-length" not in given and "transfer-encoding" not in given:
            lines.append(f"Content-Length: {len(self.content)}")
        head = "\r\n".join([*lines, "", ""])
        return head.encode("utf-8", "surrogateescape") + self.content


Named = Iterator[tuple[str, Request]]
"""What every generator of payloads yields."""


@dataclass(frozen=True)
class Answer:
    """What came back; status 0: nothing."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    seconds: float

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


def address_of(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


class Wire:
    """A connection that is opened again where the service has closed it."""

    def __init__(self, address: Address, patience: float = PATIENCE) -> None:
        self._address = address
        self._patience = patience
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, request: Request) -> Answer:
        """Send one request on a connection that goes on."""
        return self.exchange(bytes(request), request.method)

    def exchange(self, sent: bytes, method: str = "GET") -> Answer:
        """Send bytes, and read one answer to them."""
        began = time.perf_counter()
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=self._patience)
        with contextlib.suppress(
            ConnectionError, TimeoutError
        ):  # refused before all of it was sent
            self._socket.sendall(sent)
        response = HTTPResponse(self._socket, method=method)
        try:
            response.begin()
            content = response.read()
        except (ConnectionError, TimeoutError, HTTPException):
            self.close()
            return Answer(0, {}, b"", time.perf_counter() - began)
        seconds = time.perf_counter() - began
        headers = {name.lower(): value for name, value in response.getheaders()}
        response.close()
        if response.will_close or headers.get("connection") == "close":
            self.close()
        return Answer(response.status, headers, content, seconds)
