"""Servers as processes of their own, each of which ends with its `with` block."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

START_SECONDS = 60
STOP_SECONDS = 15
"""The product gives its own processes 12 seconds."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def running(
    command: Sequence[str], alive: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    """A server, from when it answers until the block ends.

    Args:
        command: What starts it.
        alive: The URL that says so.
        folder: Where it is started, and where what it says is kept.
        environment: Variables besides this process's own.

    Raises:
        RuntimeError: It does not answer; with the end of what it said.
    """
    folder.mkdir()
    said = folder / "log"
    with said.open("wb") as log:
        # A session of its own: Ctrl-C reaches this process alone, which then ends all in order.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        if not _answers(alive, process):
            last = said.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} did not start:\n{last}")
        yield
    finally:
        _end(process)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(url).is_success:
                return True
        time.sleep(0.1)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and what it started in its session; what does not listen is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one more Ctrl-C must not leave the others behind
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
