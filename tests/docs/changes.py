"""Changes to files as a document shows them: a diff without the numbers of lines.

    --- engine/__init__.py
    +++ engine/__init__.py
    @@
     a line that is there, which says where
    +a line that comes

What is there has to be there exactly once. A file that is new is told by `--- /dev/null`.
"""

from collections.abc import Iterator
from pathlib import Path


def apply(diff: str, root: Path) -> None:
    """Change the files below a folder."""
    for old, name, hunks in _files(diff):
        path = root / name
        text = "" if old == "/dev/null" else path.read_text()
        for before, after in hunks:
            assert text.count(before) == 1 or not text, f"{name} has not exactly once:\n{before}"
            text = text.replace(before, after) if text else after
        path.write_text(text)


def _files(diff: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """The old name, the new, and what becomes of what."""
    for part in ("\n" + diff).split("\n--- ")[1:]:
        heads, *hunks = part.split("\n@@\n")
        old, _, new = heads.partition("\n+++ ")
        yield old, new.strip(), [_sides(hunk.splitlines()) for hunk in hunks]


def _sides(lines: list[str]) -> tuple[str, str]:
    before = [line[1:] for line in lines if line[:1] != "+"]
    after = [line[1:] for line in lines if line[:1] != "-"]
    return "\n".join(before) + "\n", "\n".join(after) + "\n"
