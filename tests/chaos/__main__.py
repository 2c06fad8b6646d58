"""`make chaos`: every fault, at length, on SQLite and on PostgreSQL with object storage.

Prints what was seen, as it comes, and where it falls short; then the exit code is 1.
Takes about three quarters of an hour. `make chaos ONLY=storm` does a part.
"""

import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import points, scenarios
from tests.chaos.load import Client, Journal
from tests.chaos.scenarios import Service, Storm
from tests.cluster import Cluster
from tests.object_storage import S3
from tests.postgresql import PostgreSQL

KILLS, ZOMBIES, RESTARTS, KEYS, JOBS = 200, 50, 20, 100, 1000
AT_ONCE = 5
"""Zombies at a time: they and their heirs share PostgreSQL's 100 connections."""


@dataclass
class Place:
    """Where a service keeps its state, and what has been seen there."""

    name: str
    directory: Path
    postgresql: PostgreSQL | None = None
    s3: S3 | None = None
    short: list[str] = field(default_factory=list)
    count: int = 0

    def cluster(self) -> Cluster:
        """A service of its own, with nothing in it."""
        self.count += 1
        directory = self.directory / f"{self.name}-{self.count}"
        directory.mkdir()
        if self.postgresql is None or self.s3 is None:
            return Cluster(directory, {})
        places = {
            "MNISTRY_DATABASE_URL": self.postgresql.new_database(),
            "MNISTRY_ARTIFACTS_URL": f"s3://{self.s3.new_bucket()}",
        }
        return Cluster(directory, {**places, **self.s3.environment})

    @contextmanager
    def service(self, **environment: str) -> Iterator[Service]:
        cluster = self.cluster()
        try:
            yield Service.start(cluster, **environment)
        finally:
            cluster.stop()

    def report(self, what: str, seen: str, *, good: bool) -> None:
        print(f"{self.name:<11} {what:<44} {seen}{'' if good else '   FALLS SHORT'}", flush=True)
        if not good:
            self.short.append(what)

    def report_storm(self, what: str, storm: Storm) -> None:
        kills = ", ".join(f"{n} {role}" for role, n in sorted(storm.kills.items()))
        answers = ", ".join(f"{n} × {status}" for status, n in sorted(storm.statuses.items()))
        whole = not storm.wrong and storm.same_weights + storm.gave_up == storm.jobs
        self.report(what, f"{kills}", good=True)
        self.report(
            "  acknowledged jobs: lost, doubled, other weights",
            f"{len(storm.wrong)} of {storm.jobs}; {storm.gave_up} failed after three deaths",
            good=whole,
        )
        calm = storm.seconds_to_end
        self.report("  all ended after the last", f"{calm:.0f} s", good=calm < 60)
        known = set(storm.statuses) <= {200, 202, 409, 429, 503}
        self.report("  answers", f"{answers}; {storm.broken} connections broke", good=known)
        for problem in storm.wrong:
            print(f"    {problem}")


def kill_points(place: Place) -> None:
    with place.service() as service:
        wrong = scenarios.kill_at(service, points.ALL)
    count = len(points.ALL)
    place.report("named kill points", f"{count - len(wrong)} of {count}", good=not wrong)
    for problem in wrong:
        print(f"    {problem}")


def storm(place: Place) -> None:
    with place.service() as service:
        place.report_storm(
            "random kill -9 under load", scenarios.kill_at_random(service, KILLS, seed=7)
        )


def zombies(place: Place) -> None:
    fenced, wrong = 0, list[str]()
    cluster = place.cluster()
    try:
        api = cluster.api("api")
        for round_ in range(ZOMBIES // AT_ONCE):
            more, problems = scenarios.zombies(cluster, api.url, AT_ONCE, round_)
            fenced += more
            wrong += problems
        result = cluster.run("fsck")
        wrong += result.stdout.splitlines() if result.returncode else []
    finally:
        cluster.stop()
    place.report(
        "zombies that changed nothing",
        f"{fenced} of {ZOMBIES}",
        good=fenced == ZOMBIES and not wrong,
    )
    for problem in wrong:
        print(f"    {problem}")


def database(place: Place) -> None:
    if place.postgresql is None:
        return
    with place.service(MNISTRY_TRAINERS="2", MNISTRY_WORKERS="2") as service:
        seen = scenarios.restart_the_database(service, place.postgresql, RESTARTS, 200)
    place.report_storm("PostgreSQL stopped and crashed under 200 jobs", seen)


def keys(place: Place) -> None:
    single = scenarios.one_key(place.cluster(), KEYS)
    place.report("one key, 64 posts at once: one job", f"{single} of {KEYS}", good=single == KEYS)


def durability(place: Place) -> None:
    ratios = []
    for _ in range(5):
        pace = {}
        for name, seconds in (("saving", "5"), ("never", "1000000")):
            cluster = place.cluster()
            try:
                part = cluster.serve(MNISTRY_CHECKPOINT_SECONDS=seconds, MNISTRY_THREADS="2")
                cluster.wait_until_ready()
                client = Client(part.url, Journal())
                work = {"preset": "mlp", "epochs": 20, "train_samples": 60_000, "batch_size": 128}
                job = client.wait(client.submit(1, **work))
                client.close()
            finally:
                cluster.stop()
            pace[name] = 1 / sum(epoch["seconds"] for epoch in job["history"])
        ratios.append(pace["saving"] / pace["never"])
    median = statistics.median(ratios)
    spread = f"{min(ratios):.3f}–{max(ratios):.3f}"
    place.report(
        "training with checkpoints ÷ without", f"{median:.3f} ({spread})", good=median >= 0.95
    )


def many(place: Place) -> None:
    with place.service(MNISTRY_TRAINERS="2") as service:
        seen = scenarios.many_jobs(service, JOBS)
    text = (
        f"{seen.jobs / seen.seconds:.2f} jobs/s, wait median {seen.median_wait:.0f} s, "
        f"p99 {seen.p99_wait:.0f} s; {seen.ran_once} ran once"
    )
    place.report(f"{JOBS} tiny jobs on two trainers", text, good=seen.ran_once == JOBS)


PARTS: dict[str, Callable[[Place], None]] = {
    "points": kill_points,
    "storm": storm,
    "zombies": zombies,
    "database": database,
    "keys": keys,
    "durability": durability,
    "many": many,
}


def main(only: str) -> int:
    """Do all of it, or one part, and say how much falls short."""
    chosen = [PARTS[name] for name in only.split(",")] if only else list(PARTS.values())
    with tempfile.TemporaryDirectory(prefix="mnistry-chaos-") as folder:
        directory = Path(folder)
        directory.chmod(0o755)  # PostgreSQL may run as another user
        postgresql, s3 = PostgreSQL(directory / "postgresql"), S3(directory / "s3.log")
        places = [
            Place("SQLite", directory),
            Place("PostgreSQL", directory, postgresql, s3),
        ]
        try:
            for part in chosen:
                for place in places:
                    part(place)
        finally:
            s3.stop()
            postgresql.stop()
    return 1 if any(place.short for place in places) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends, too
    sys.exit(main(os.environ.get("ONLY", "")))
