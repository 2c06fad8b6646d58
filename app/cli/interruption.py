"""Ctrl-C while something is followed: the following ends, what is followed goes on."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from app.cli.output import note

INTERRUPTED = 130
"""As shells count a process that SIGINT has ended."""


@contextmanager
def ends_only_following(name: str, again: list[str], url: str | None) -> Iterator[None]:
    """Say what goes on, and how to follow it again.

    Args:
        name: What is followed.
        again: The command that follows it.
        url: The service, where an option named it.
    """
    try:
        yield
    except KeyboardInterrupt:
        command = shlex.join([*again, *(["--url", url] if url else [])])
        note(f"No longer followed; {name} goes on. To follow it again: {command}")
        raise typer.Exit(INTERRUPTED) from None
