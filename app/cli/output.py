"""What commands write: answers to stdout, as tables or as JSON; what is on the way to stderr."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

WIDE = 200
"""Columns of a table that no terminal bounds."""


def prepare() -> None:
    """Have something to write to, and nothing that is written fail for the terminal's alphabet."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # as after `>&-`
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - until the end
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def abandon() -> None:
    """Let what is still to be written to stdout go nowhere: it cannot be written."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def write_json(value: Any) -> None:
    """One JSON document, a line."""
    has_all = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(value, ensure_ascii=not has_all) + "\n")


def write(line: str = "") -> None:
    """A line for people."""
    sys.stdout.write(line + "\n")


def note(line: str) -> None:
    """A line beside the answer."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; None and numbers are written as they are read best."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(shown(cell)) for cell in row))  # names are no markup
    Console(width=None if sys.stdout.isatty() else WIDE).print(grid)


def shown(value: object) -> str:
    """A value for people."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return str(value)


def percent(share: float | None) -> str:
    """A share of one, in per cent."""
    return "" if share is None else f"{share:.2%}"
