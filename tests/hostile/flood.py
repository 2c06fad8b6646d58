"""Clients that only hold on: idle, slow, never reading, streaming, or asking for all at once."""

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.hostile.service import Target
from tests.hostile.wire import JSON, Address, Request, Wire

LET_IN, REFUSED = b"HTTP/1.1 200", b"HTTP/1.1 429"

_BEGUN = b"POST /v1/networks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_BODY_BEGUN = _BEGUN + b"Content-Length: 1000\r\n\r\n{"


@dataclass
class Crowd:
    """Connections of many clients, some of which say something from time to time."""

    idle: list[socket.socket] = field(default_factory=list)
    slow: list[socket.socket] = field(default_factory=list)

    @property
    def all(self) -> list[socket.socket]:
        return [*self.idle, *self.slow]


@contextlib.contextmanager
def crowd(address: Address, count: int) -> Iterator[Crowd]:
    """Half of them say nothing, the others a byte of a header a second."""
    found = Crowd()
    with contextlib.ExitStack() as stack:
        for number in range(count):
            one = stack.enter_context(socket.create_connection(address, timeout=30))
            (found.idle, found.slow)[number % 2].append(one)
        over = threading.Event()
        trickle = threading.Thread(target=_trickle, args=(found.slow, over, _BEGUN * 10))
        trickle.start()
        try:
            yield found
        finally:
            over.set()
            trickle.join()


def _trickle(sockets: list[socket.socket], over: threading.Event, text: bytes) -> None:
    for byte in text:
        for one in sockets:
            with contextlib.suppress(OSError):  # it was closed: that is what is waited for
                one.send(bytes([byte]))
        if over.wait(1):
            return


def reaped(sockets: list[socket.socket], seconds: float) -> tuple[int, float]:
    """How many were closed by the service within a time, and when the last of them was."""
    began = time.monotonic()
    last = 0.0
    open_ = set(sockets)
    for one in open_:
        one.setblocking(False)
    while open_ and time.monotonic() < began + seconds:
        closed = {one for one in open_ if _is_closed(one)}
        if closed:
            last = time.monotonic() - began
        open_ -= closed
        time.sleep(0.1)
    return len(sockets) - len(open_), last


def gone(sockets: list[socket.socket], seconds: float) -> tuple[int, float]:
    """As `reaped`, of clients that take nothing: a reset is told by writing to it."""
    began = time.monotonic()
    last, open_ = 0.0, set(sockets)
    while open_ and time.monotonic() < began + seconds:
        closed = {one for one in open_ if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)}
        if closed:
            last = time.monotonic() - began
        open_ -= closed
        time.sleep(0.1)
    return len(sockets) - len(open_), last


def _is_closed(one: socket.socket) -> bool:
    try:
        return not one.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def streams(
    service: Target, count: int, job_id: str, clients: int = 40
) -> Iterator[Counter[bytes]]:
    """So many streams of events; how many were let in, by the first line."""
    seen: Counter[bytes] = Counter()
    asked = f"GET /v1/jobs/{job_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for number in range(count):
            source = (f"127.0.1.{number % clients + 1}", 0)
            one = stack.enter_context(
                socket.create_connection(service.address, timeout=30, source_address=source)
            )
            one.sendall(asked)
            seen[one.recv(65536)[:12]] += 1
        yield seen


@contextlib.contextmanager
def slow_bodies(address: Address, count: int) -> Iterator[list[socket.socket]]:
    """Clients that send a body, a byte a second, and would for a quarter of an hour."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            one = stack.enter_context(socket.create_connection(address, timeout=30))
            one.sendall(_BODY_BEGUN)
            found.append(one)
        over = threading.Event()
        trickle = threading.Thread(target=_trickle, args=(found, over, b" " * 1000))
        trickle.start()
        try:
            yield found
        finally:
            over.set()
            trickle.join()


@contextlib.contextmanager
def never_reading(address: Address, target: str, count: int) -> Iterator[list[socket.socket]]:
    """Clients that ask, again and again on one connection, and take nothing of the answers."""
    asked = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(address)
            one.sendall(asked * 50)
            found.append(one)
        yield found


def heavy_requests(service: Target, image: bytes) -> list[Request]:
    """What takes a processor longest, one of each kind."""
    picture = {"Content-Type": "image/png"}
    evaluate = b'{"dataset":"mnist","split":"train"}'
    compare = "/v1/models/compare?a=digits&b=latest&split=train"
    explained = "/v1/predict?include=saliency,activations,preprocessed"
    many = b'{"instances":[' + b",".join([b"[" + b",".join([b"0.5"] * 784) + b"]"] * 1000) + b"]}"
    return [
        Request("POST", "/v1/models/digits/evaluate", evaluate, JSON),
        Request("GET", compare),
        Request("GET", "/v1/models/digits/export?format=onnx"),
        Request("GET", "/v1/models/digits/export?format=keras"),
        Request("POST", "/v1/predict", image, picture),
        Request("POST", explained, image, picture),
        Request("POST", "/v1/predict", many, JSON),
    ]


def at_once(service: Target, requests: list[Request], clients: int) -> Counter[int]:
    """Every request from every client at the same moment; how often which status was answered."""
    start = threading.Barrier(clients)

    def ask(number: int) -> Counter[int]:
        seen: Counter[int] = Counter()
        with Wire(service.address) as wire:
            start.wait()
            for turn in range(len(requests)):
                answer = wire.ask(requests[(number + turn) % len(requests)])
                told = answer.status not in (429, 503) or answer.headers.get("retry-after")
                seen[answer.status if told else 500] += 1
        return seen

    total: Counter[int] = Counter()
    with ThreadPoolExecutor(clients) as pool:
        for seen in pool.map(ask, range(clients)):
            total += seen
    return total
