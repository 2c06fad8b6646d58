"""The service's side of reading an uploaded file: a process for each, within limits, a few at once.

Whatever becomes of the process, the file is the reason, and the client is told so; but not where it
did not even begin, which is the service's own affair.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import BinaryIO

from app.children import messages
from app.domain.errors import FieldError, InvalidInput, Overloaded, UnusableFile

START_SECONDS = 30.0
"""How long a process may take to begin, on a machine that is busy."""

NONSENSE = "the file is damaged: what reads it has gone astray"
"""A reader says what no reader would: something in the file has taken it over."""

AGAIN_SECONDS = 2.0
"""When a client that was refused may come again: most files take less."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReaderLimits:
    """What reading one file may take.

    Attributes:
        seconds: Of waiting for it, and of a processor's time.
        memory_bytes: Beyond what the process has at its start.
        at_once: How many are read at a time.
    """

    seconds: int
    memory_bytes: int
    at_once: int


class Readers:
    """Starts a process for each file, as many at a time as its limits allow."""

    def __init__(self, limits: ReaderLimits) -> None:
        self._limits = limits
        self._free = threading.Semaphore(limits.at_once)

    @contextmanager
    def reading(self, program: str, file: BinaryIO, order: messages.Message) -> Iterator["Reading"]:
        """A process that reads a file; it ends with the block.

        Args:
            program: The module that it runs, which calls `reader.serve`.
            file: What a client sent.
            order: What the program is told.

        Raises:
            Overloaded: Too many are being read, or no process could be started.
        """
        if not self._free.acquire(blocking=False):
            msg = f"{self._limits.at_once} files are being read at present; send it again"
            raise Overloaded(msg, AGAIN_SECONDS)
        try:
            child, pipe = _start(program, file)
            try:
                own = {"seconds": self._limits.seconds, "memory_bytes": self._limits.memory_bytes}
                yield Reading(child, pipe, self._limits, {**order, **own})
            finally:
                child.kill()
                child.wait()
                pipe.close()
        finally:
            self._free.release()


class Reading:
    """One file as its process reads it."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        pipe: Connection,
        limits: ReaderLimits,
        order: messages.Message,
    ) -> None:
        self._child = child
        self._pipe = pipe
        self._limits = limits
        self._left = START_SECONDS
        try:
            messages.send(pipe, order)
            self._next()
        except (EOFError, OSError) as error:
            log.error("no process to read a file: it ended with %d", child.wait())
            raise Overloaded("no file can be read at present", AGAIN_SECONDS) from error
        self._left = float(limits.seconds)

    def receive(self) -> tuple[messages.Message, bytes]:
        """The next of what is in the file.

        Raises:
            InvalidInput: What was sent beside the file does not fit it.
            UnusableFile: It cannot be read, or not within the limits.
        """
        try:
            message, content = self._next()
        except (EOFError, OSError) as error:
            raise self._ended() from error
        except ValueError as error:
            raise UnusableFile(NONSENSE) from error
        match message.get("type"):
            case "invalid":
                raise InvalidInput(
                    [FieldError(tuple(at), *rest) for at, *rest in message["errors"]]
                )
            case "unusable":
                raise UnusableFile(message["detail"])
            case "out_of_memory":
                most = f"{self._limits.memory_bytes:,} bytes of memory"
                raise UnusableFile(f"reading the file takes more than {most}")
            case "failed":
                log.error("a file made its reader fail: %s", message["error"])
                raise UnusableFile("the file is damaged: reading it fails")
        return message, content

    def _next(self) -> tuple[messages.Message, bytes]:
        """The next message; a child that lets wait for it too long is ended."""
        began = time.monotonic()
        overdue = threading.Timer(self._left, self._child.kill)
        overdue.daemon = True  # a service that is told to end does not wait for it
        overdue.start()
        try:
            return messages.receive(self._pipe, self._limits.memory_bytes)
        finally:
            overdue.cancel()
            self._left -= time.monotonic() - began

    def _ended(self) -> UnusableFile:
        """Why a child has ended before it was done."""
        self._child.kill()  # it may have ended the conversation only
        code = self._child.wait()
        if self._left <= 0 or code == -signal.SIGXCPU:
            return UnusableFile(f"reading the file takes more than {self._limits.seconds} s")
        log.error("the process that read a file ended with %d", code)
        return UnusableFile("the file is damaged: the process that read it has crashed")


def _start(program: str, file: BinaryIO) -> tuple[subprocess.Popen[bytes], Connection]:
    uploaded = file.fileno()  # a small one is on the disk from now on
    file.flush()
    ours, childs = Pipe()
    with childs:
        descriptors = (childs.fileno(), uploaded)
        command = [sys.executable, "-B", "-m", program, *map(str, (*descriptors, os.getpid()))]
        # The keys are in this process's environment, so the child has none of it.
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}
        try:
            child = subprocess.Popen(  # noqa: S603 - our own program
                command, env=environment, stdin=subprocess.DEVNULL, pass_fds=descriptors
            )
        except OSError as error:
            ours.close()
            log.error("no process to read a file: %s", error)
            raise Overloaded("no file can be read at present", AGAIN_SECONDS) from error
    return child, ours
