"""Connections, byte by byte: what comes too slowly, or is too much, is refused."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.conftest import Server

HEAD = b"POST /v1/networks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture
def address(server: Server) -> tuple[str, int]:
    url = httpx.URL(server.url)
    assert url.port is not None
    return url.host, url.port


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connected(address: tuple[str, int], connections: ExitStack) -> socket.socket:
    return connections.enter_context(socket.create_connection(address, timeout=40))


def answer_to(address: tuple[str, int], connections: ExitStack, sent: bytes) -> bytes:
    one = connected(address, connections)
    one.sendall(sent)
    return one.recv(65536)


def health(connection: socket.socket) -> bytes:
    """An answer whole, in however many pieces it comes."""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b'{"ok":true}'):
        piece = connection.recv(65536)
        assert piece, "the connection was closed"
        answer += piece
    return answer


def test_a_client_that_owes_us_something_is_not_waited_for(
    server: Server, address: tuple[str, int], connections: ExitStack
) -> None:
    idle, slow, stalled, trickling = (connected(address, connections) for _ in range(4))
    kept = connected(address, connections)
    assert health(kept).startswith(b"HTTP/1.1 200")
    stalled.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
    trickling.sendall(HEAD + b"Content-Length: 100000\r\n\r\n{")
    began = time.monotonic()
    slow.setblocking(False)
    closed = 0.0
    for byte in HEAD * 10:  # a byte at a time, more than there is time for
        try:
            trickling.send(b" ")
            slow.send(bytes([byte]))
            if slow.recv(100) is not None:
                closed = time.monotonic() - began
                break
        except BlockingIOError:
            time.sleep(0.2)
        assert httpx.get(f"{server.url}/healthz").elapsed.total_seconds() < 1

    assert 9 < closed < 14
    assert idle.recv(100).startswith(b"HTTP/1.1 408")
    # A connection that was used may wait for its next request longer than for a first one.
    assert health(kept).startswith(b"HTTP/1.1 200")
    while time.monotonic() - began < 19:
        trickling.send(b" ")
        time.sleep(0.2)
    assert stalled.recv(65536) == b""
    assert trickling.recv(65536) == b""
    assert 19 < time.monotonic() - began < 26


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"b" * 40000 + b"\r\n\r\n", b"431"),
        (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", b"400"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
    ],
    ids=["url", "headers", "header", "tls", "length"],
)
def test_what_is_too_much_or_no_request_is_refused(
    address: tuple[str, int], connections: ExitStack, sent: bytes, status: bytes
) -> None:
    answer = answer_to(address, connections, sent)

    head, body = answer.split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"connection: close" in head
    problem = json.loads(body)
    assert problem["status"] == int(status)
    assert f"x-request-id: {problem['request_id']}".encode() in head
    assert b"content-type: application/problem+json" in head
    assert b"x-content-type-options: nosniff" in head
