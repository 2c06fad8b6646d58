"""What a process has started, and what it holds."""

import contextlib
import os
import time
from dataclasses import dataclass
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


def trainer_of(service: int) -> int:
    """The trainer of a service."""
    return next(pid for pid, command in children(service).items() if " trainer " in command)


def training_child_of(service: int) -> int:
    """The process in which a service trains a job, once there is one."""
    for _ in range(600):
        for pid, command in children(trainer_of(service)).items():
            if "trainer.run" in command:
                return pid
        time.sleep(0.05)
    raise AssertionError("no job is being trained")


@dataclass(frozen=True)
class Footprint:
    """What a process and all that it has started hold of the system."""

    memory: int
    descriptors: int
    threads: int
    processes: int


def footprint(pid: int) -> Footprint:
    """Of a process and its descendants; memory in bytes, what they share counted in each."""
    memory = descriptors = threads = processes = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):  # it ended as it was looked at
            pages = int(Path(f"/proc/{one}/statm").read_text().split()[1])
            descriptors += len(list(Path(f"/proc/{one}/fd").iterdir()))
            threads += len(list(Path(f"/proc/{one}/task").iterdir()))
            memory += pages * os.sysconf("SC_PAGE_SIZE")
            processes += 1
    return Footprint(memory, descriptors, threads, processes)


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found, waiting = list[int](), [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children(found[-1])
    return found
