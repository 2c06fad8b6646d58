"""What the documents say of changing the program is done to a copy of it."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, Reader

PARTS = ("app", "engine", "tests", "docs", "pyproject.toml", "README.md")


@pytest.mark.parametrize("document", ["docs/add-a-layer.md", "docs/add-an-endpoint.md"])
def test_a_change_that_is_shown_can_be_made(document: str, tmp_path: Path) -> None:
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, tmp_path / part)
    tools = f"{Path(sys.executable).parent}/"

    assert Reader(tmp_path, {".venv/bin/": tools}).follow(document) >= 4
