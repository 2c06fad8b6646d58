"""Load on a server, by `wrk`: how many requests a second, and how long they take."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SCRIPT = """\
wrk.method = {method}
wrk.body = io.open({body}, "rb"):read("*a")
{headers}
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "failed": %d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True)
class Request:
    """What is sent again and again."""

    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return "POST" if self.body else "GET"


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw; times in milliseconds."""

    rate: float
    p50: float
    p99: float


def is_installed() -> bool:
    return shutil.which("wrk") is not None


def load(request: Request, connections: int, seconds: int, folder: Path) -> Load:
    """Send a request over so many connections, each as soon as it has the last one's answer.

    Raises:
        RuntimeError: Not every request was answered with success.
    """
    arguments = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    script = _script(request, folder)
    run = subprocess.run(
        ["wrk", *arguments, "-s", script, request.url], capture_output=True, text=True, check=True
    )
    seen = json.loads(run.stdout.splitlines()[-1])
    if seen["failed"] or not seen["requests"]:
        raise RuntimeError(f"{request.url}: {seen['failed']} of {seen['requests']} requests failed")
    rate = seen["requests"] / (seen["microseconds"] / 1e6)
    return Load(rate, seen["p50"] / 1000, seen["p99"] / 1000)


def _script(request: Request, folder: Path) -> Path:
    body, script = folder / "body", folder / "wrk.lua"
    body.write_bytes(request.body)
    headers = [f"wrk.headers[{_text(k)}] = {_text(v)}" for k, v in request.headers.items()]
    script.write_text(
        SCRIPT.format(
            method=_text(request.method), body=_text(str(body)), headers="\n".join(headers)
        )
    )
    return script


def _text(value: str) -> str:
    """A text as Lua writes it; what is sent here has no control characters."""
    return json.dumps(value, ensure_ascii=False)
