"""What a process needs before it can start.

Few imports, so that `serve` starts its parts at once.
"""

import fcntl
import os
import signal
import socket
import threading
import time
from pathlib import Path
from types import FrameType
from typing import IO

START_FAILED = 2
"""The exit code of a process that refuses to start: starting it again would not help."""

_NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs")
)
"""File systems whose locks and flushes do not hold what a database file needs."""


TRY_AGAIN = 1
"""The exit code of one that would start if what it needs were there."""


class CannotStart(Exception):
    """Why a process refuses to start, in one line; `code` is that of its exit."""

    def __init__(self, message: str, code: int = START_FAILED) -> None:
        super().__init__(message)
        self.code = code


class StopSignal:
    """Whether SIGTERM or SIGINT has come.

    A handler runs between any two instructions of the main thread, also while that holds the lock
    of an Event that the handler would set: so it only notes the signal, and `wait` looks.
    """

    _LOOK_SECONDS = 0.05

    def __init__(self) -> None:
        self.came = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until a signal has come: then True."""
        deadline = time.monotonic() + seconds
        while not self.came and time.monotonic() < deadline:
            time.sleep(min(self._LOOK_SECONDS, seconds))
        return self.came

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True


def end_with_supervisor(lifeline: int) -> None:
    """Have SIGTERM sent to this process when its supervisor dies, however that comes about.

    Args:
        lifeline: A pipe's end for reading; the supervisor alone holds the other and never writes.
    """

    def wait() -> None:
        os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def lock_directory(data_dir: Path) -> IO[str]:
    """Hold the data directory for this process alone.

    Raises:
        CannotStart: It cannot be written, or another service holds it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("a")
    except OSError as error:
        raise CannotStart(f"cannot write to {data_dir}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise CannotStart(f"another service is using {data_dir}") from error
    return lock


def check_disk(data_dir: Path, mounts: str = "/proc/self/mountinfo") -> None:
    """Refuse to keep a database file where its locks cannot be relied on.

    Raises:
        CannotStart: The directory is on a network file system.
    """
    kind = _file_system(data_dir.resolve(), Path(mounts))
    if kind.removeprefix("fuse.") in _NETWORK or kind == "fuse.sshfs":
        raise CannotStart(
            f"{data_dir} is on a network file system ({kind}), where a database file is not safe: "
            "use a local disk, or MNISTRY_DATABASE_URL with PostgreSQL"
        )


def _file_system(path: Path, mounts: Path) -> str:
    """The type of the file system that a path is on; nothing where the system does not tell."""
    kind, longest = "", -1
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return kind
    for line in lines:
        mounted, _, described = line.partition(" - ")
        point = Path(mounted.split()[4].replace("\\040", " "))
        # Of two mounts at one place the later covers the earlier.
        if path.is_relative_to(point) and len(point.parts) >= longest:
            kind, longest = described.split()[0], len(point.parts)
    return kind


def url_of(listener: socket.socket) -> str:
    """Where this machine reaches a socket: one that listens everywhere, on the loopback."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound to
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, which child processes may inherit.

    Raises:
        CannotStart: The address is in use, or is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CannotStart(f"cannot listen on {host}:{port}: {reason}") from error
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener
