"""The image as it is to be run, held to what it promises (`make image`).

It takes the name of an engine that has the image `mnistry`: docker, or podman.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

IMAGE = "mnistry"
MOST_MEGABYTES = 350
PROMISED_SECONDS = 3
BUSY_SECONDS = 10
WAIT_SECONDS = 60
STARTS = 5
STOP_SECONDS = 20
HARDENED = (
    *("--read-only", "--tmpfs", "/tmp"),  # noqa: S108 - the container's own
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--publish", "127.0.0.1::8000"),
)

UNWANTED = """
import os, shutil
found = [name for name in ("gcc", "cc", "make", "pip", "curl", "git") if shutil.which(name)]
writable = [path for path in ("/", "/opt/mnistry/app", "/opt/venv") if os.access(path, os.W_OK)]
raise SystemExit(f"found {found}, may write {writable}" if found or writable else 0)
"""


class Engine:
    """Docker, or what takes the same commands."""

    def __init__(self, name: str) -> None:
        self._name = name

    def ask(self, *arguments: str) -> str:
        """What a command that succeeds writes to stdout."""
        command = [self._name, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def inspect(self, kind: str, name: str) -> dict[str, object]:
        (found,) = json.loads(self.ask(kind, "inspect", name))
        return dict(found)

    @contextmanager
    def running(self) -> Iterator[str]:
        """A container of the image, with its volume, for a while."""
        container = self.ask("run", "--detach", *HARDENED, IMAGE, "serve", "--open")
        try:
            yield container
        finally:
            self.ask("rm", "--force", "--volumes", container)


def check(engine: Engine) -> None:
    size = int(str(engine.inspect("image", IMAGE)["Size"])) / 1e6
    print(f"the image has {size:.0f} MB, unpacked")
    assert size <= MOST_MEGABYTES
    best = quickest_start(engine)
    assert best <= BUSY_SECONDS, f"not ready in {BUSY_SECONDS} s, which a busy machine may take"
    with engine.running() as container:
        url = wait_until_ready(engine, container)
        engine.ask("exec", container, *health_command(engine, container))
        print("its HEALTHCHECK says so as well")
        assert engine.ask("exec", container, "id", "-u") == "10001"
        engine.ask("exec", container, "python", "-c", UNWANTED)
        print("not root; no compiler, no pip; nothing to be written but its volume and /tmp")
        assert trains(url)
        print("trained a model, which reads")
        began = time.monotonic()
        engine.ask("stop", "--time", str(STOP_SECONDS), container)
        state = engine.inspect("container", container)["State"]
        assert isinstance(state, dict)
        assert state["ExitCode"] == 0, state
        print(f"stopped by SIGTERM after {time.monotonic() - began:.1f} s with exit code 0")


def quickest_start(engine: Engine) -> float:
    """Seconds until ready, of the first start that holds the promise, or else the best of some.

    What else the machine does can only add to them. Where no start is as quick as promised, that is
    printed, and a bound remains that other work alone should not break.
    """
    seconds: list[float] = []
    while len(seconds) < STARTS and min(seconds, default=WAIT_SECONDS) > PROMISED_SECONDS:
        began = time.monotonic()
        with engine.running() as container:
            wait_until_ready(engine, container)
            seconds.append(time.monotonic() - began)
    kept = "within" if seconds[-1] <= PROMISED_SECONDS else "not within"
    tried = ", ".join(f"{each:.1f} s" for each in seconds)
    print(f"ready after {tried}: {kept} the {PROMISED_SECONDS} s promised")
    return min(seconds)


def wait_until_ready(engine: Engine, container: str) -> str:
    """The address of a container's service, as soon as it is ready."""
    url = f"http://{engine.ask('port', container, '8000').splitlines()[0]}"
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return url
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"not ready after {WAIT_SECONDS} s")


def health_command(engine: Engine, container: str) -> list[str]:
    """What the HEALTHCHECK runs. Not every engine here has a timer that would run it."""
    config = engine.inspect("container", container)["Config"]
    assert isinstance(config, dict)
    test: list[str] = config["Healthcheck"]["Test"]
    assert test[0] == "CMD"
    return test[1:]


def trains(url: str) -> bool:
    """Whether a small job succeeds and its model answers."""
    with httpx.Client(base_url=url, timeout=70) as client:
        body = {"preset": "linear", "epochs": 1, "train_samples": 3000}
        job = client.post("/v1/jobs", json=body).raise_for_status().json()
        while job["finished_at"] is None:
            job = client.get(f"/v1/jobs/{job['id']}", params={"wait": 5}).json()
        answer = client.post("/v1/predict", json={"instances": [[0.0] * 784]})
        return bool(job["status"] == "succeeded" and answer.is_success)


if __name__ == "__main__":
    check(Engine(sys.argv[1]))
