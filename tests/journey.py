"""`make cluster`: a service as on many machines, on this one, and a job's journey through it.

PostgreSQL, an S3 server, two APIs and two trainers start; a network is trained, its trainer killed
on the way, and a digit read by the API that was not asked to train.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from tests.cluster import Cluster
from tests.object_storage import S3
from tests.postgresql import PostgreSQL

JOB = {"preset": "mlp", "epochs": 8, "seed": 1, "alias": "digits"}


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Everything, started; ended with the block."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mnistry-cluster-"))
        directory = Path(folder)
        directory.chmod(0o755)  # PostgreSQL may run as another user
        postgresql = PostgreSQL(directory / "postgresql")
        stack.callback(postgresql.stop)
        s3 = S3(directory / "s3.log")
        stack.callback(s3.stop)
        places = {
            "MNISTRY_DATABASE_URL": postgresql.new_database(),
            "MNISTRY_ARTIFACTS_URL": f"s3://{s3.new_bucket()}/artifacts",
        }
        say(f"PostgreSQL: {places['MNISTRY_DATABASE_URL']}")
        say(f"S3: {places['MNISTRY_ARTIFACTS_URL']} at {s3.url}")
        service = Cluster(directory, {**places, **s3.environment})
        stack.callback(service.stop)
        for name in ("api-a", "api-b"):
            say(f"{name}: {service.api(name).url}")
        for name in ("trainer-a", "trainer-b"):
            service.trainer(name)
        service.wait_until_ready()
        say("trainer-a, trainer-b; everything is ready")
        yield service


def travel(service: Cluster) -> bool:
    """Train by one API, read by the other; whether it comes out right."""
    a, b = (httpx.Client(base_url=service.parts[name].url, timeout=70) for name in APIS)
    with a, b:
        job_id = a.post("/v1/jobs", json=JOB).raise_for_status().json()["id"]
        say(f"{job_id}: posted to api-a")
        while len((job := b.get(f"/v1/jobs/{job_id}").json())["history"]) < 2:
            time.sleep(0.1)
        say(f"epoch {job['progress']['epoch']}, as api-b has it; now its trainer is killed")
        service.parts[trainer_at_work(service)].kill()
        while (job := b.get(f"/v1/jobs/{job_id}", params={"wait": 30}).json())["status"] not in (
            "succeeded",
            "failed",
        ):
            pass
        say(
            f"{job['status']} in attempt {job['attempt']}, {job['receipt']['weights_sha256'][:12]}…"
        )
        replay = a.post(f"/v1/jobs/{job_id}/replay").raise_for_status().json()["id"]
        while (again := a.get(f"/v1/jobs/{replay}", params={"wait": 30}).json())["receipt"] is None:
            pass
        say(f"trained again in peace: the same weights: {again['receipt']['identical']}")
        seven = a.get("/v1/datasets/mnist/samples/0", params={"split": "test"})
        answer = b.post("/v1/models/digits/predict", files={"files": seven.content}).json()
        label = answer["predictions"][0]["label"]
        say(f"api-b reads a {seven.headers['X-Label']} as {label}")
    sound = service.run("fsck")
    say(f"fsck: {sound.stdout.strip()}")
    right = label == seven.headers["X-Label"] and again["receipt"]["identical"]
    return bool(right) and sound.returncode == 0


APIS = ("api-a", "api-b")


def trainer_at_work(service: Cluster) -> str:
    """The trainer that has a training process."""
    while True:
        for name, part in service.parts.items():
            lists = Path(f"/proc/{part.pid}/task").glob("*/children")
            if name not in APIS and any(one.read_text().strip() for one in lists):
                return name
        time.sleep(0.05)


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    with cluster() as running:
        sys.exit(0 if travel(running) else 1)
