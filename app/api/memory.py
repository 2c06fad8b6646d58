"""What large requests took goes back to the system, where the C library is glibc.

By itself it has a heap for each of many threads, and what is free in one is of no use in another;
and what is free below something that stays is kept for ever. Requests of a few megabytes, sixty at
a time, would leave hundreds that nobody uses.
"""

import contextlib
import ctypes

_LIBC = ctypes.CDLL(None)

_M_ARENA_MAX, HEAPS = -8, 2


def share_heaps() -> None:
    """Have all threads allocate from few heaps; to be called before there are any."""
    with contextlib.suppress(AttributeError):  # another library has no such call
        _LIBC.mallopt(_M_ARENA_MAX, HEAPS)


def give_back() -> None:
    """Let go of every free page; takes milliseconds, without the interpreter."""
    with contextlib.suppress(AttributeError):
        _LIBC.malloc_trim(0)
