"""What the lines of the log are about: the request or the job that the code is busy with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_ids: ContextVar[Mapping[str, str]] = ContextVar("log_ids", default={})  # noqa: B039 - read only


@contextmanager
def logged_with(**ids: str) -> Iterator[None]:
    """Have every line that is logged in this context carry these ids."""
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def log_ids() -> Mapping[str, str]:
    """The ids of a line that is logged now."""
    return _ids.get()
