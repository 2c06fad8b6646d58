"""Who a process is, so that another one on the same machine can see whether it is still there.

A process id alone says little: another machine, or a container, counts its own, and numbers come
again. With the boot, the namespace and the start time it names one process and no other. Where the
system does not tell (it is not Linux), nobody is ever taken for gone by this.
"""

import os
from pathlib import Path

_START_TIME = 19
"""Of the fields of /proc/<pid>/stat that follow the command's name, in parentheses."""


def own_identity() -> str | None:
    """This process's place and number; None where the system does not tell."""
    place, start = _place(), _start_of(os.getpid())
    return None if place is None or start is None else f"{place} {os.getpid()} {start}"


def has_ended(identity: str | None) -> bool:
    """Whether a process was one of this machine and is not there any more."""
    if identity is None:
        return False
    place, number, start = identity.rsplit(" ", 2)
    if place != _place():
        return False
    now = _start_of(int(number))
    return now != start if now is not None else _is_gone(int(number))


def is_there(identity: str | None) -> bool:
    """Whether a process is one of this machine and runs."""
    if identity is None:
        return False
    place, number, start = identity.rsplit(" ", 2)
    return place == _place() and _start_of(int(number)) == start


def _is_gone(pid: int) -> bool:
    """Whether no process has a number, or a dead one; others' may be there and not be shown."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return Path(f"/proc/{pid}/stat").exists()  # it is shown, and is dead


def _place() -> str | None:
    """Names the boot of the machine and the namespace in which processes are counted."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _start_of(pid: int) -> str | None:
    """When a process started, by the kernel's count; None where there is none, or a dead one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[_START_TIME]
