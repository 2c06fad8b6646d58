"""What the lines of the log are about: the request or the job that the code is busy with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token

_ids: ContextVar[Mapping[str, str]] = ContextVar("log_ids", default={})  # noqa: B039 - read only


def log_with(**ids: str) -> Token[Mapping[str, str]]:
    """Have every line that the current task or thread logs from here on carry these ids."""
    return _ids.set({**_ids.get(), **ids})


@contextmanager
def logged_with(**ids: str) -> Iterator[None]:
    """Have every line that is logged in this context carry these ids."""
    token = log_with(**ids)
    try:
        yield
    finally:
        _ids.reset(token)


def log_ids() -> Mapping[str, str]:
    """The ids of a line that is logged now."""
    return _ids.get()
