"""Threads for the shards of a batch, and BLAS kept to one thread in each.

The bits of a sum depend on its order. OpenBLAS cuts a product differently for every number of
threads; the engine instead cuts the batch into fixed shards and sums them in their order, so that
weights do not depend on how many threads there were.
"""

import ctypes
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Self

import numpy as np


class Team:
    """A few threads that share the items of a task; the caller's own thread is one of them."""

    def __init__(self, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"a team has at least one thread, got {threads}")
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads - 1, "engine") if threads > 1 else None

    def run(self, task: Callable[[int], None], items: int) -> None:
        """`task(i)` for every i below `items`; returns when all are done, raises what one did."""
        if self._pool is None or items <= 1:
            for i in range(items):
                task(i)
            return
        others = [
            self._pool.submit(_stride, task, start, items, self.threads)
            for start in range(1, min(self.threads, items))
        ]
        _stride(task, 0, items, self.threads)
        for other in others:
            other.result()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _stride(task: Callable[[int], None], start: int, items: int, step: int) -> None:
    for i in range(start, items, step):
        task(i)


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
