"""`make fuzz`: everything that a hostile client may do, at length.

Prints what was seen, as it comes, and where it falls short; then the exit code is 1. Takes about an
hour and a half. `make fuzz ONLY=sites,soak` does a part, `SECONDS=60` shortens soak and parsers.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.hostile.parts import PARTS, SOAK_SECONDS, Attack


def main(only: str, seconds: int) -> int:
    """Do all of it, or some parts, and say whether anything falls short."""
    chosen = [PARTS[name] for name in only.split(",")] if only else list(PARTS.values())
    with tempfile.TemporaryDirectory(prefix="mnistry-hostile-") as folder:
        attack = Attack(Path(folder), seconds)
        for part in chosen:
            part(attack)
    return 1 if attack.short else 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("ONLY", ""), int(os.environ.get("SECONDS", SOAK_SECONDS))))
