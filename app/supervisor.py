"""`serve`: everything on one machine. Starts the API and the trainers, and starts again what dies.

It holds the data directory's lock, so that no second service opens the same files, and the
listening socket, so that requests wait while an API process is started again.
"""

import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

from prometheus_client.multiprocess import mark_process_dead

from app.settings import Settings, environment_of
from app.startup import START_FAILED, StopSignal, listen, lock_directory, url_of

STOP_SECONDS = 12.0
"""How long a process may take to end before it is killed."""

LOOK_SECONDS = 0.1
STEADY_SECONDS = 10.0
"""A process that ran for so long is started again at once; one that did not, after a pause."""

PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0)
log = logging.getLogger(__name__)


@dataclass
class Child:
    """A process that is to be there as long as the service is.

    Attributes:
        figures: A directory in which it counts together with others, if there are others.
    """

    name: str
    arguments: list[str]
    environment: dict[str, str]
    descriptors: list[int] = field(default_factory=list)
    figures: str | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        command = [sys.executable, "-m", "app", *self.arguments]
        # A session of its own: Ctrl-C reaches the supervisor alone, which then ends all in order.
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            command, env=self.environment, pass_fds=self.descriptors, start_new_session=True
        )

    def note_death(self, code: int) -> None:
        """Forget what it was busy with, and decide when to start it again."""
        if self.figures is not None and self.process is not None:
            mark_process_dead(self.process.pid, self.figures)  # type: ignore[no-untyped-call]
        steady = time.monotonic() - self.started > STEADY_SECONDS
        # One that was killed (the code is then negative) did not fail by itself.
        self.failures = 1 if steady or code < 0 else self.failures + 1
        pause = PAUSES[min(self.failures, len(PAUSES)) - 1]
        self.start_at = time.monotonic() + pause
        self.process = None
        log.warning("%s ended with code %d; it is started again in %g s", self.name, code, pause)


def serve(settings: Settings) -> int:
    """Run the service until SIGTERM or SIGINT; the exit code."""
    lock = lock_directory(settings.data_dir)
    if settings.needs_stored_key:
        # Only then: what knows the database takes long to load.
        from app.key_management import require_key  # noqa: PLC0415

        require_key(settings)
    listener = listen(settings.host, settings.port)
    stop = StopSignal()
    lifeline, held = os.pipe()
    figures = tempfile.TemporaryDirectory(prefix="mnistry-figures-")
    children = _children(settings, listener, lifeline, figures.name)
    url = url_of(listener)
    sys.stdout.write(f"Mnistry is starting on {url}\n")
    sys.stdout.flush()
    try:
        for child in children:
            child.start()
        greeter = _greeter(settings, url)
        code = _watch(children, stop)
        if greeter is not None and greeter.poll() is None:
            greeter.terminate()
    finally:
        _end(children)
        for descriptor in (lifeline, held):
            os.close(descriptor)
        listener.close()
        figures.cleanup()
        lock.close()
    return code


def _children(
    settings: Settings, listener: socket.socket, lifeline: int, figures: str
) -> list[Child]:
    """What the service consists of.

    Args:
        settings: Handed on through the environment.
        listener: Where the API processes answer.
        lifeline: A pipe; each part ends when its other end is closed.
        figures: A directory in which API processes, if there are several, sum their figures.
    """
    environment = environment_of(settings)
    several = settings.workers > 1
    # libuv, under the event loop: after a connection it lets the other processes have the next one.
    shared = {"PROMETHEUS_MULTIPROC_DIR": figures, "UV_TCP_SINGLE_ACCEPT": "1"} if several else {}
    descriptor = listener.fileno()
    tied = ["--lifeline", str(lifeline)]
    apis = [
        Child(
            f"api-{i}",
            ["api", "--descriptor", str(descriptor), *tied],
            environment | shared,
            [descriptor, lifeline],
            figures if several else None,
        )
        for i in range(settings.workers)
    ]
    trainers = [
        Child(f"trainer-{i}", ["trainer", "--name", f"trainer-{i}", *tied], environment, [lifeline])
        for i in range(settings.trainers)
    ]
    return apis + trainers


def _greeter(settings: Settings, url: str) -> subprocess.Popen[bytes] | None:
    """The process that trains a first model, where one is wanted."""
    if not settings.first_model:
        return None
    command = [sys.executable, "-m", "app", "first-model", "--url", url]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, env=environment_of(settings), start_new_session=True
    )


def _watch(children: list[Child], stop: StopSignal) -> int:
    """Keep all children alive until `stop`; the exit code."""
    while not stop.wait(LOOK_SECONDS):
        for child in children:
            if child.process is None:
                if time.monotonic() >= child.start_at:
                    child.start()
                continue
            code = child.process.poll()
            if code == START_FAILED:
                return START_FAILED
            if code is not None:
                child.note_death(code)
    return 0


def _end(children: list[Child]) -> None:
    """Ask all to end, the trainers too, and kill those that do not."""
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
