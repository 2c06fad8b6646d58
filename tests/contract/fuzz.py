"""Schemathesis against a real service: everything that the document says, held against its answers.

python -m tests.contract.fuzz [cases an operation]
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from tests.conftest import Server, start_service, wait_until_ended

HERE = Path(__file__).parent
CASES = 1000
"""At most, for each of 67 operations; with 9,000 cases at the edges of schemas it is an hour."""

LIMITS = {
    "MNISTRY_MAX_PARAMETERS": "20000",
    "MNISTRY_MAX_ACTIVATIONS": "20000",
    "MNISTRY_MAX_MACS": "1000000",
    "MNISTRY_MAX_QUEUED_JOBS": "200",
    "MNISTRY_LOG_LEVEL": "ERROR",
}
"""What a case asks for is small, and jobs only wait: nobody trains."""

KEY = "fuzz-" + "k" * 32


def prepared(directory: Path) -> tuple[Server, dict[str, str]]:
    """A service with a model, a job and a network, that trains no more; and what it has."""
    server = start_service(directory / "data", environment=LIMITS)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        network = client.post("/v1/networks", json={"preset": "linear"}).json()
        body = {"network_id": network["id"], "epochs": 1, "train_samples": 2000, "alias": "digits"}
        job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
        export = directory / "digits.safetensors"
        export.write_bytes(client.get(f"/v1/models/{job['model_id']}/export").content)
    server.stop()
    server = start_service(
        directory / "data",
        *("--trainers", "0"),
        ready=False,
        environment={**LIMITS, "MNISTRY_API_KEYS": f"trainer:{KEY}"},
    )
    known = {
        "JOB_ID": job["id"],
        "NETWORK_ID": network["id"],
        "MODEL": job["model_id"],
        "VERSION": "1",
        "EXPORT": str(export),
    }
    return server, {f"KNOWN_{name}": value for name, value in known.items()}


def run(
    directory: Path, *options: str, output: int | None = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Fuzz a service of its own.

    Args:
        directory: Where the service has its files.
        options: Those of `schemathesis run`.
        output: Where the report goes; None: to whoever watches.
    """
    server, known = prepared(directory)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml"]
    arguments = [
        "run",
        f"{server.url}/openapi.json",
        "--no-color",
        *("--suppress-health-check", "all"),
        *("--request-timeout", "60"),
    ]
    key = ["--header", f"Authorization: Bearer {KEY}"]
    environment = {**os.environ, **known, "SCHEMATHESIS_HOOKS": "tests.contract.hooks"}
    environment["PYTHONPATH"] = str(HERE.parents[1])
    try:
        return subprocess.run(
            [*command, *arguments, *key, *options],
            cwd=HERE,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    finally:
        server.stop()


def cases(report: str) -> int:
    """How many cases a report says were made."""
    found = re.search(r"([\d,]+) generated", report)
    assert found, report[-3000:]
    return int(found.group(1).replace(",", ""))


def main() -> None:
    """Fuzz for as long as it takes; the exit code is schemathesis's; its report counts cases."""
    wanted = sys.argv[1] if sys.argv[1:] else str(CASES)
    with tempfile.TemporaryDirectory() as directory:
        result = run(Path(directory), "--max-examples", wanted, output=None)
    sys.exit(result.returncode)


if __name__ == "__main__":
    main()
