"""A disk that is full: what writes is refused, what reads goes on, and jobs wait for room."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path

import httpx
import pytest

from tests.cluster import Part, wait_until_ready
from tests.conftest import wait_until_ended
from tests.dataset_files import arrays, npz
from tests.e2e.test_conventions import assert_problem
from tests.e2e.test_datasets import upload, uploaded

LONG = {"preset": "mlp", "epochs": 12, "train_samples": 20_000, "seed": 5}
MEGABYTES = 48


@dataclass
class SmallDisk:
    """A service whose data directory is a file system of its own, of a few megabytes."""

    service: Part
    filler: Path

    def fill(self) -> None:
        """Until it stays full: a commit that was under way gives the room of its journal back."""
        with self.filler.open("wb", buffering=0) as file:
            while _filled(file):
                time.sleep(0.5)

    def free(self) -> None:
        self.filler.unlink()


def _filled(file: RawIOBase) -> int:
    """Fill what is free; how much that was."""
    before = file.tell()
    for size in (1_000_000, 1000, 1):
        with contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * size)
    return file.tell() - before


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk]:
    """A small disk for the data; with the parameter True also for what comes and goes."""
    directory = tmp_path / "data"
    directory.mkdir()
    for_all = {"TMPDIR": str(directory)} if getattr(request, "param", False) else {}
    mount = f"mount -t tmpfs -o size={MEGABYTES}m tmpfs {directory}"
    service = Part(
        ["serve", "--port", "0", "--data-dir", str(directory)],
        {"MNISTRY_CHECKPOINT_SECONDS": "0.2", "MNISTRY_THREADS": "1", **for_all},
        tmp_path / "log",
        # A mount that this process alone sees, for which nobody has to be root.
        ["unshare", "--map-root-user", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"],
    )
    try:
        wait_until_ready(service.url)
        yield SmallDisk(service, Path(f"/proc/{service.pid}/root{directory}/filler"))
    finally:
        service.stop()


def test_jobs_wait_for_room_and_everything_else_goes_on(disk: SmallDisk) -> None:
    with httpx.Client(base_url=disk.service.url, timeout=70) as client:
        tiny = {"preset": "linear", "epochs": 1, "train_samples": 1000}
        model = wait_until_ended(client, client.post("/v1/jobs", json=tiny).json()["id"])
        png = client.get("/v1/datasets/mnist/samples/0").content
        expected = wait_until_ended(client, client.post("/v1/jobs", json=LONG).json()["id"])
        job = client.post("/v1/jobs", json=LONG).json()
        while not (job := client.get(f"/v1/jobs/{job['id']}").json())["history"]:
            time.sleep(0.05)

        disk.fill()
        refused = client.post("/v1/networks", json={"preset": "resnet"})
        assert refused.status_code == 507
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert client.post("/v1/jobs", json=tiny).status_code == 507
        read = client.post(f"/v1/models/{model['model_id']}/predict", files={"files": png})
        assert read.status_code == 200
        assert client.get("/v1/jobs").status_code == 200
        time.sleep(2.0)
        assert client.get(f"/v1/jobs/{job['id']}").json()["status"] == "running"
        disk.free()

        ended = wait_until_ended(client, job["id"])
        assert ended["status"] == "succeeded", ended["error"]
        assert ended["receipt"]["weights_sha256"] == expected["receipt"]["weights_sha256"]
        after = wait_until_ended(client, client.post("/v1/jobs", json=tiny).json()["id"])
        assert after["status"] == "succeeded"


@pytest.mark.parametrize("disk", [True, False], indirect=True)
def test_an_upload_that_finds_no_room_is_refused_and_leaves_nothing(disk: SmallDisk) -> None:
    with httpx.Client(base_url=disk.service.url, timeout=70) as client:
        large = npz(arrays(train=4000))
        uploaded(client, large, name="before")

        disk.fill()
        refused = upload(client, large, name="mine")
        assert_problem(refused, 507)
        assert_problem(client.get("/v1/datasets/mine"), 404)
        disk.free()

        uploaded(client, large, name="mine")
        assert client.get("/v1/datasets/mine").json()["train_samples"] == 4000


def test_a_service_that_starts_on_a_full_disk_says_so(tmp_path: Path) -> None:
    script = (
        f"mount -t tmpfs -o size=1m tmpfs {tmp_path} && dd if=/dev/zero of={tmp_path}/filler "
        f'bs=4096 2> /dev/null; exec "$@"'
    )
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", sys.executable]
    result = subprocess.run(
        [*command, "-m", "app", "trainer", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 2
    assert "full" in result.stderr.splitlines()[-1]
