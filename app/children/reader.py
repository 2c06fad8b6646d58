"""The child's side of reading an uploaded file: limits first, then the file, then its end.

It is given a pipe, the file as an open descriptor and nothing else: no path, no environment, no
database. What it finds goes through the pipe as JSON and bytes.
"""

import os
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import BinaryIO

from app.children import limits, messages
from app.domain.errors import InvalidInput, UnusableFile

NICENESS = 5
"""Predictions first, then this, then training."""

Read = Callable[[Connection, BinaryIO, messages.Message], None]
"""Reads a file as it was ordered and sends what is in it."""


def serve(read: Read) -> None:
    """The whole life of a reader; the numbers of its pipe, its file and its parent are given."""
    pipe_descriptor, file_descriptor, parent = map(int, sys.argv[1:4])
    limits.end_with_parent(parent)
    pipe = Connection(pipe_descriptor)
    order, _ = messages.receive(pipe)
    messages.send(pipe, {"type": "ready"})
    os.nice(NICENESS)
    _be_quiet()
    limits.limit_seconds(order["seconds"])
    limits.limit_memory(order["memory_bytes"])
    limits.write_no_files()
    try:
        with os.fdopen(file_descriptor, "rb") as file:
            file.seek(0)
            read(pipe, file, order)
    except BrokenPipeError:
        sys.exit(1)  # whoever wanted it has gone
    except InvalidInput as error:
        messages.send(pipe, {"type": "invalid", "errors": error.errors})
    except UnusableFile as error:
        messages.send(pipe, {"type": "unusable", "detail": str(error)})
    except MemoryError:
        limits.lift_memory_limit()
        messages.send(pipe, {"type": "out_of_memory"})
    except Exception:  # noqa: BLE001 - whatever bytes make a parser raise
        messages.send(pipe, {"type": "failed", "error": traceback.format_exc()})


def _be_quiet() -> None:
    """C libraries complain of a file on stderr, which is the service's log."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stderr.fileno())
    os.close(nothing)
