"""The wheel in an environment that has nothing else: it serves, trains and reads (`make wheel`).

Everything is done in a folder of its own, so that nothing is found that the wheel does not bring.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"

SAMPLE = """
from pathlib import Path
from app.client import Client
Path("digit.png").write_bytes(Client("{url}").datasets.sample(0))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """What a command that succeeds writes to stdout."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
    return done.stdout


@contextmanager
def serving(mnistry: Path, folder: Path) -> Iterator[str]:
    """A service that is ready, and where it is."""
    command = [str(mnistry), "serve", "--port", "0", "--data-dir", "data"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        if found is None:
            raise SystemExit((folder / "log").read_text())
        yield found.group()
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mnistry-wheel-") as name:
        folder = Path(name)
        run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT, cwd=folder)
        (wheel,) = folder.glob("*.whl")
        print(f"{wheel.name} has {wheel.stat().st_size / 1e6:.1f} MB")
        run(UV, "venv", "--quiet", "--python", sys.executable, "env", cwd=folder)
        locked = ROOT / "requirements.lock"
        python = folder / "env/bin/python"
        constrained = ("--python", python, "--constraints", locked)
        run(UV, "pip", "install", "--quiet", *constrained, wheel, cwd=folder)
        mnistry = folder / "env/bin/mnistry"
        with serving(mnistry, folder) as url:
            began = time.monotonic()
            train = ("--preset", "linear", "--epochs", "1", "--seed", "1", "--follow")
            print(run(mnistry, "train", *train, "--url", url, cwd=folder), end="")
            run(python, "-c", SAMPLE.format(url=url), cwd=folder)
            print(run(mnistry, "predict", "digit.png", "--url", url, cwd=folder), end="")
            print(f"served, trained and read in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
