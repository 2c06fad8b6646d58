"""What a child process does to itself before it begins: it takes no more than it should.

Linux counts and ends; elsewhere what it does not know is left out.
"""

import ctypes
import os
import re
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_STATUS = Path("/proc/self/status")


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies (elsewhere the pipe tells)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


def limit_memory(more: int) -> None:
    """Let this process have so many bytes more than it has now; then it gets MemoryError.

    Private memory is counted, and not address space: OpenBLAS and threads reserve much of that.
    """
    if sys.platform == "linux":
        has = re.search(r"VmData:\s+(\d+) kB", _STATUS.read_text())
        assert has is not None  # noqa: S101 - proc(5)
        _limit(resource.RLIMIT_DATA, 1024 * int(has[1]) + more)


def lift_memory_limit() -> None:
    """Give back what `limit_memory` has taken."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def limit_seconds(more: int) -> None:
    """Have the kernel end this process after so many more seconds of its processor's time."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime) + 1 + more)


def write_no_files() -> None:
    """Refuse every write to a file, and the picture of memory that a crash would leave."""
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)


def _limit(kind: int, value: int) -> None:
    _, most = resource.getrlimit(kind)
    allowed = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(kind, (allowed, most))
