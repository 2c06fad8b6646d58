"""A service in parts, as on many machines: APIs and trainers, each a process of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

READY_SECONDS = 60
STOP_SECONDS = 20

CHECKPOINTS = {"MNISTRY_CHECKPOINT_SECONDS": "0.2"}
"""Often enough that a short job has some."""


@dataclass
class Part:
    """One process."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    prefix: Sequence[str] = ()
    url: str = ""
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self._launch()

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> None:
        """Start it again; one that has a port keeps it."""
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._launch()

    def _launch(self) -> None:
        command = [*self.prefix, sys.executable, "-m", "app", *self.command]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        if self.command[0] == "trainer":
            return
        assert self.process.stdout is not None
        found = re.search(r"http://\S+:(\d+)", self.process.stdout.readline())
        assert found, f"{self.command} has not said where it is: {self.log.read_text()[-2000:]}"
        self.url = found.group()
        self.command[self.command.index("--port") + 1] = found.group(1)

    def kill(self) -> None:
        self.process.kill()
        self._wait()

    def stop(self) -> int:
        """SIGTERM, as an operator would; the exit code, also of one that has ended already."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)  # it may have been stopped by a test
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self._wait()

    def _wait(self) -> int:
        code = self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


class Cluster:
    """Parts that share a database and perhaps an object storage.

    Args:
        directory: For logs, and for the database where no other is named.
        environment: Settings of every part.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.directory = directory
        self.environment = {
            "MNISTRY_DATA_DIR": str(directory),
            "MNISTRY_THREADS": "1",
            **CHECKPOINTS,
            **environment,
        }
        self.parts: dict[str, Part] = {}

    def api(self, name: str, **environment: str) -> Part:
        return self._part(name, ["api", "--port", "0"], environment)

    def trainer(self, name: str, **environment: str) -> Part:
        return self._part(name, ["trainer", "--name", name], environment)

    def serve(self, **environment: str) -> Part:
        """All of it under one supervisor."""
        return self._part("serve", ["serve", "--port", "0"], environment)

    def _part(self, name: str, command: list[str], environment: Mapping[str, str]) -> Part:
        part = Part(command, {**self.environment, **environment}, self.directory / f"{name}.log")
        self.parts[name] = part
        return part

    def wait_until_ready(self) -> None:
        for part in self.parts.values():
            if part.url:
                wait_until_ready(part.url)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of the commands that do something and end."""
        command = [sys.executable, "-m", "app", *arguments]
        return subprocess.run(
            command,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def stop(self) -> None:
        for part in self.parts.values():
            part.stop()


def wait_until_ready(url: str, path: str = "readyz") -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/{path}").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{url} did not become ready")
