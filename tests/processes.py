"""What a process has started."""

import contextlib
from pathlib import Path


def children(pid: int) -> dict[int, str]:
    """The processes that a process has started, from any thread, with their command lines.

    One that has ended, and that nobody has asked for its exit code yet, has an empty one.
    """
    found: dict[int, str] = {}
    for one in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it ended as it was looked at
            for child in map(int, one.read_text().split()):
                found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
    return found
