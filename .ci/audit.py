"""Look up whether anything that a lock file names is known to be vulnerable: then exit code 1.

Where no advisory database answers there is nothing to look up, which a line says: a check that
fails wherever there is no network would soon be left out.
"""

import json
import subprocess
import sys
from pathlib import Path


def main(lock: str) -> int:
    command = [
        *(str(Path(sys.executable).with_name("pip-audit")), "--requirement", lock),
        *("--require-hashes", "--disable-pip", "--progress-spinner", "off"),
        *("--timeout", "5", "--format", "json"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except ValueError:
        packages = []
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        say("no advisory database answers: known vulnerabilities were not looked for")
        return 0
    skipped = [package["name"] for package in packages if "vulns" not in package]
    if skipped:
        say(f"nothing is known of {', '.join(skipped)}")
    found = [(package, one) for package in audited for one in package["vulns"]]
    for package, one in found:
        fixed = ", ".join(one["fix_versions"]) or "no version yet"
        say(f"{package['name']} {package['version']}: {one['id']}, fixed in {fixed}")
    return 1 if found else 0


def say(line: str) -> None:
    sys.stderr.write(f"{Path(sys.argv[0]).name}: {line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
