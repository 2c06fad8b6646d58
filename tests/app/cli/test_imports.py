"""Help is fast because it loads what it shows, and nothing that works."""

import subprocess
import sys

SLOW = {"fastapi", "httpx", "numpy", "pydantic", "pydantic_settings", "rich", "sqlalchemy"}


def test_the_command_line_loads_nothing_that_is_slow() -> None:
    code = "import sys, app.cli; print(*{name.split('.')[0] for name in sys.modules})"

    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    loaded = set(found.stdout.split())
    assert "typer" in loaded
    assert not loaded & SLOW
