"""Clients that were generated from docs/openapi.json train a network and have a digit read."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs/openapi.json"
ENVIRONMENT = Path(sys.prefix)
TYPESCRIPT = ROOT / "clients/typescript"
NODE_MODULES = ENVIRONMENT / "typescript/node_modules"


pytestmark = pytest.mark.usefixtures("model")  # the service is ready, and has one


def run(command: Sequence[str | Path], directory: Path) -> str:
    path = f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_generated_python_client(url: str, tmp_path: Path) -> None:
    package = tmp_path / "mnistry_generated"
    config = ROOT / "clients/openapi-python-client.yml"
    where = ["--path", DOCUMENT, "--output-path", package, "--meta", "none", "--config", config]

    said = run(["openapi-python-client", "generate", *where], tmp_path)
    shutil.copy(ROOT / "clients/quick_start_generated.py", tmp_path / "quick_start.py")
    printed = run([sys.executable, "quick_start.py", url], tmp_path)

    assert "will not be generated" not in said, said
    assert printed.split() == ["succeeded", "7"]


def test_a_generated_typescript_client(url: str, tmp_path: Path) -> None:
    for name in ("package.json", "tsconfig.json", "quick_start.ts"):
        shutil.copy(TYPESCRIPT / name, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    binaries = NODE_MODULES / ".bin"

    options = ["--default-non-nullable=false", "-o", "schema.ts"]
    run([binaries / "openapi-typescript", DOCUMENT, *options], tmp_path)
    run([binaries / "tsc"], tmp_path)
    printed = run(["node", "quick_start.js", url], tmp_path)

    assert printed.split() == ["succeeded", "7"]
