"""Connections that are not left open for nothing: what is sent has to come in time, and has limits.

uvicorn waits for ever for the rest of a request. Looking at all connections once a second costs a
request nothing but a few assignments.
"""

import math
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.api.edge import Sent, headers_of, request_id_of
from app.api.problems import CODES, problem

HEADER_SECONDS = 10.0
"""From the connection, or the first byte of a further request, to the end of its headers."""

BODY_SECONDS = 20.0
"""Between two pieces of a body."""

BODY_RATE = 1024
"""Bytes a second that a body has to come with on average, once those seconds have passed."""

MAX_URL_BYTES = 8192
MAX_HEADER_BYTES = 32768
MAX_HEADERS = 128


class Connection(HttpToolsProtocol):
    """One connection of an API process."""

    due = math.inf
    """When, by the loop's clock, the client has to have sent more."""

    _in_body = False
    _body_began = 0.0
    _body_bytes = 0
    _refused = 400
    _sent_bytes = 0

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.due = self.loop.time() + HEADER_SECONDS

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
        self._in_body = True
        self.begin_body(self.loop.time())

    def begin_body(self, now: float) -> None:
        """Measure the time that a body takes from now on."""
        self._body_began, self._body_bytes = now, 0
        self.due = now + BODY_SECONDS

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._body_bytes += len(body)
        earned = self._body_began + self._body_bytes / BODY_RATE
        self.due = min(self.loop.time(), earned) + BODY_SECONDS

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_body = False
        self.due = math.inf

    def send_400_response(self, msg: str) -> None:
        """What the parser refuses, and what `_refuse` has made it refuse."""
        detail = CODES[self._refused][1] if self._refused != 400 else msg
        request_id = request_id_of(Sent(self.headers or []))
        response = problem({"path": "", "request_id": request_id}, self._refused, detail)
        headers = [*headers_of(request_id, response.raw_headers), (b"connection", b"close")]
        head = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(STATUS_LINE[self._refused] + head + b"\r\n" + bytes(response.body))
        self.transport.close()

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
    """Close the connections whose clients owe us something for too long."""
    for connection in list(connections):
        if isinstance(connection, Connection) and connection.due < now:
            # While we do not read, it is not the client that takes its time.
            if connection.flow.read_paused:
                connection.begin_body(now)
            else:
                connection.give_up()
