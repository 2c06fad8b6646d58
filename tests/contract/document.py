"""Writes docs/openapi.json, but nothing that breaks clients without a version that says so.

python -m tests.contract.document
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tests.contract.compatibility import breaks, may_break

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs/openapi.json"


@cache
def shown() -> str:
    """The document as the command line prints it."""
    command = [sys.executable, "-m", "app", "openapi"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def before() -> dict[str, Any]:
    """The document of the commit before; where there is none, the committed one."""
    command = ["git", "-C", str(ROOT), "show", "HEAD^:docs/openapi.json"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    document: dict[str, Any] = json.loads(found.stdout if not found.returncode else committed())
    return document


def committed() -> str:
    return COMMITTED.read_text()


def unannounced(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What breaks clients, unless the version is raised for it."""
    if may_break(old["info"]["version"], new["info"]["version"]):
        return []
    return breaks(old, new)


def main() -> None:
    """Write the document, or say what it would break."""
    text = shown()
    broken = unannounced(json.loads(committed()), json.loads(text))
    if broken:
        sys.exit("\n".join([*broken, "raise the version in engine/__init__.py, or keep these"]))
    COMMITTED.write_text(text)


if __name__ == "__main__":
    main()
