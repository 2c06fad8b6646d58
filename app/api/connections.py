"""No connection is open for nothing: requests have to come in time, and answers to be read.

uvicorn waits for ever for the rest of a request, and for a client to read. Looking at all
connections once a second costs a request nothing but a few assignments.
"""

import contextlib
import math
import socket
import struct
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.api.edge import Sent, headers_of, request_id_of
from app.api.problems import CODES, problem
from app.api.whole_answers import HeldHead

HEADER_SECONDS = 10.0
"""From the connection, or the first byte of a further request, to the end of its headers."""

BODY_SECONDS = 20.0
"""Between two pieces of a body."""

BODY_BYTES_A_SECOND = 500
"""Slower than that on the whole, beyond those seconds, and a body is not waited for."""

READ_SECONDS = 20.0
READ_BYTES = 100_000
"""A client takes so many bytes of an answer in so many seconds, or all that there is."""

MAX_CONNECTIONS = 4096
"""With more, those that ask for nothing make room, the one that is due first before the others."""

MAX_URL_BYTES = 8192
MAX_HEADER_BYTES = 32768
MAX_HEADERS = 128

_NO_LINGERING = struct.pack("ii", 1, 0)


class Connection(HttpToolsProtocol):
    """One connection of an API process."""

    most = MAX_CONNECTIONS

    due = math.inf
    """When, by the loop's clock, the client has to have sent more."""

    url = b""
    """Of the request that comes, as far as it has come."""

    _asked = False
    _in_body = False
    _refused = 400
    _sent_bytes = 0
    _body_due = math.inf
    _unread = 0
    _taken = 0
    _read_due = math.inf

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.due = self.loop.time() + HEADER_SECONDS
        if len(self.connections) > self.most:
            _make_room(self.connections)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._sent_bytes = 0
        if self.due == math.inf:
            self.due = self.loop.time() + HEADER_SECONDS

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._sent_bytes += len(name) + len(value)
        if self._sent_bytes > MAX_HEADER_BYTES or len(self.headers) > MAX_HEADERS:
            self._refuse(431)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":  # of whose answer there is nothing but the head
            self.cycle.transport = HeldHead(self.transport)  # type: ignore[assignment]
        self._asked = self._in_body = True
        self.excuse(self.loop.time())

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.cycle.response_complete:
            return  # what nobody reads any more may come for as long as it was given, not for ever
        self._body_due += len(body) / BODY_BYTES_A_SECOND
        self.due = min(self.loop.time() + BODY_SECONDS, self._body_due)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body = False
        self.due = math.inf

    def send_400_response(self, msg: str) -> None:
        """What the parser refuses, and what `_refuse` has made it refuse."""
        detail = CODES[self._refused][1] if self._refused != 400 else msg
        request_id = request_id_of(Sent(self.headers or []))
        scope = {"path": self.url.decode("latin-1"), "request_id": request_id}
        response = problem(scope, self._refused, detail)
        headers = [*headers_of(request_id, response.raw_headers), (b"connection", b"close")]
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[self._refused] + head + b"\r\n" + bytes(response.body))
        self.transport.close()

    def excuse(self, now: float) -> None:
        """Give the rest of a body its time from now on."""
        self.due = self._body_due = now + BODY_SECONDS

    def is_read(self, now: float) -> bool:
        """Whether the client takes what it is sent; to be asked once in a while."""
        unread = self.transport.get_write_buffer_size()
        self._taken += max(0, self._unread - unread)
        self._unread = unread
        if not unread:
            self._read_due = math.inf
        elif self._read_due == math.inf or self._taken >= READ_BYTES:
            self._read_due, self._taken = now + READ_SECONDS, 0
        return now <= self._read_due

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being answered here, nor about to be."""
        return not self._in_body and (not self._asked or self.cycle.response_complete)

    def drop(self) -> None:
        """End it at once; closing would wait until all is read, also what the system holds."""
        one = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # it has just been closed
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self.transport.abort()

    def give_up(self) -> None:
        """Close the connection: its client took too long."""
        if self._in_body:
            self.transport.close()  # whoever reads the body is told that its client is gone
        else:
            self._refused = 408
            self.send_400_response("")

    def _refuse(self, status: int) -> None:
        self._refused = status
        raise ValueError(CODES[status][1])  # the parser stops, and asks for `send_400_response`


def close_overdue(connections: Iterable[object], now: float) -> None:
    """Close the connections whose clients owe us something for too long, or do not read."""
    for connection in list(connections):
        if not isinstance(connection, Connection):
            continue
        if not connection.is_read(now):
            connection.drop()
        elif connection.due < now:
            # While we do not read, it is not the client that takes its time.
            if connection.flow.read_paused:
                connection.excuse(now)
            else:
                connection.give_up()


def _make_room(connections: Iterable[object]) -> None:
    idle = (one for one in connections if isinstance(one, Connection) and one.is_idle)
    first = min(idle, key=lambda one: one.due, default=None)
    if first is not None:
        first.drop()
