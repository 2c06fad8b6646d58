"""Threads for the shards of a batch, and BLAS kept to one thread in each.

The bits of a sum depend on its order. OpenBLAS cuts a product differently for every number of
threads; the engine instead cuts the batch into fixed shards and sums them in their order, so that
weights do not depend on how many threads there were.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Any, Self, TypeAlias

import numpy as np

Task: TypeAlias = Callable[[int], None]


class Team:
    """A few threads that share the items of a task; the caller's own thread is one of them.

    Bare queues in place of a `ThreadPoolExecutor`: a step hands over twice, and a small network's
    whole step takes only ten times as long as an executor's submit and result.
    """

    def __init__(self, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"a team has at least one thread, got {threads}")
        self.threads = threads
        self._inboxes: list[SimpleQueue[tuple[Task, range] | None]] = []
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()
        for _ in range(threads - 1):
            inbox: SimpleQueue[tuple[Task, range] | None] = SimpleQueue()
            Thread(target=_work, args=(inbox, self._done), name="engine", daemon=True).start()
            self._inboxes.append(inbox)

    def run(self, task: Task, items: int) -> None:
        """`task(i)` for every i below `items`; returns when all are done, raises what one did."""
        shares = [range(start, items, self.threads) for start in range(min(self.threads, items))]
        for inbox, share in zip(self._inboxes, shares[1:], strict=False):
            inbox.put((task, share))
        errors = [_attempt(task, share) for share in shares[:1]]
        errors += [self._done.get() for _ in shares[1:]]
        for error in errors:
            if error is not None:
                raise error

    def close(self) -> None:
        """End the threads."""
        for inbox in self._inboxes:
            inbox.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _work(
    inbox: "SimpleQueue[tuple[Task, range] | None]", done: "SimpleQueue[BaseException | None]"
) -> None:
    """What a thread of a team does until it is told to end."""
    while (job := inbox.get()) is not None:
        done.put(_attempt(*job))


def _attempt(task: Task, share: range) -> BaseException | None:
    """Do a share of a task; what it raised, to be raised where the whole task was asked for."""
    try:
        for i in share:
            task(i)
    except BaseException as error:  # noqa: BLE001 - raised again by Team.run
        return error
    return None


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """NumPy's matrix products on one thread each while the block runs.

    The setting is the process's, not the thread's. A NumPy without OpenBLAS is left as it is.
    """
    before = _openblas("get_num_threads", ctypes.c_int)
    if before is None:
        yield
        return
    _openblas("set_num_threads", None, 1)
    try:
        yield
    finally:
        _openblas("set_num_threads", None, before)


def _openblas(function: str, result: Any, *arguments: int) -> int | None:
    """Call a function of the OpenBLAS that NumPy was linked with; None where there is none.

    A symbol is looked up in NumPy's extension module and then in all that it was linked with.
    """
    library = ctypes.CDLL(np.linalg._umath_linalg.__file__)
    for name in (
        f"scipy_openblas_{function}64_",
        f"openblas_{function}64_",
        f"openblas_{function}",
    ):
        if (symbol := getattr(library, name, None)) is not None:
            symbol.restype = result
            value: int | None = symbol(*arguments)
            return value
    return None
