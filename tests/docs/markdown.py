"""The fenced blocks of a document, done in their order as a reader would.

Blocks of `sh` share one shell's variables and functions, blocks of `python` one namespace, and all
of them a directory, in which a `diff` is applied. A block of `text` or `json` right behind one that
ran is what that has printed: text with `…` for anything; JSON with at least what is shown, `"…"`
for any value, and a list that ends with `"…"` for a longer one. Others are for reading.
"""

import contextlib
import io
import json
import linecache
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.client import Client
from tests.docs import changes

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 240


@dataclass(frozen=True)
class Block:
    """What stands between two fences.

    Attributes:
        document: Where, from the project's root on.
        line: Its first line, from 1.
        language: As the fence says.
        text: What it says.
    """

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(document: str) -> Iterator[Block]:
    """All of a document's."""
    text = (ROOT / document).read_text()
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start(2)) + 1
        yield Block(document, line, found[1], found[2])


@dataclass
class Reader:
    """Somebody who does what a document says.

    Args:
        directory: Where.
        replaced: What is another than in the document: the service's address, say.
    """

    directory: Path
    replaced: Mapping[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    names: dict[str, Any] = field(default_factory=dict)

    def follow(self, document: str) -> int:
        """Do everything that a document says; how many blocks could be done or compared."""
        done, printed = 0, ""
        try:
            for block in blocks(document):
                match block.language:
                    case "sh":
                        printed = self._shell(block)
                    case "python":
                        printed = self._python(block)
                    case "diff":
                        changes.apply(block.text, self.directory)
                    case "text" | "json":
                        compare(block, printed)
                    case _:
                        continue
                done += 1
        finally:
            for thing in self.names.values():
                if isinstance(thing, Client):
                    thing.close()
        return done

    def _shell(self, block: Block) -> str:
        kept = self.directory / ".shell"
        script = f"set -aeuo pipefail\n{self._text(block)}\nenv -0 > {kept}\n"
        run = subprocess.run(
            ["bash", "-c", script],  # noqa: S607 - as a reader's
            cwd=self.directory,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        assert run.returncode == 0, f"{block} ends with {run.returncode}:\n{run.stdout}{run.stderr}"
        entries = kept.read_text().rstrip("\0").split("\0")
        self.variables = dict(entry.split("=", 1) for entry in entries)
        return run.stdout

    def _python(self, block: Block) -> str:
        text = self._text(block)
        name = f"<{block}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        printed = io.StringIO()
        with contextlib.chdir(self.directory), contextlib.redirect_stdout(printed):
            exec(compile(text, name, "exec"), self.names)  # noqa: S102 - what the document says
        return printed.getvalue()

    def _text(self, block: Block) -> str:
        text = block.text
        for old, new in self.replaced.items():
            text = text.replace(old, new)
        return text


def compare(block: Block, printed: str) -> None:
    """Hold what a document shows against what came."""
    if block.language == "json":
        came = json.loads(printed)
        assert shows(json.loads(block.text), came), f"{block}: {json.dumps(came, indent=1)}"
        return
    pattern = ".*?".join(map(re.escape, block.text.strip().split("…")))
    assert re.fullmatch(pattern, printed.strip(), re.DOTALL), f"{block}:\n{printed}"


def shows(shown: Any, came: Any) -> bool:
    """Whether what is shown is a part of what came."""
    if shown == "…":
        return True
    if isinstance(shown, dict):
        return isinstance(came, dict) and all(
            name in came and shows(value, came[name]) for name, value in shown.items()
        )
    if isinstance(shown, list) and isinstance(came, list):
        if shown[-1:] == ["…"]:
            shown = shown[:-1]
            came = came[: len(shown)]
        return len(shown) == len(came) and all(map(shows, shown, came))
    return bool(shown == came)
