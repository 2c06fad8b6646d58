"""What happens to a service, and how it is judged: by what its clients were told, and by fsck."""

import contextlib
import os
import random
import signal
import sqlite3
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from app.domain import ids
from tests.chaos.load import PATIENCE, SEEDS, STORM_PATIENCE, TINY, Client, Journal, weights_of
from tests.chaos.points import Point
from tests.cluster import Cluster, Part, wait_until_ready
from tests.postgresql import PostgreSQL
from tests.processes import children

FAULTS = str(Path(__file__).parent / "faults")


@dataclass
class Service:
    """All of a service under one supervisor, which is started again when it was killed itself."""

    cluster: Cluster
    part: Part
    fault: Path

    @classmethod
    def start(cls, cluster: Cluster, **environment: str) -> "Service":
        fault = cluster.directory / "fault"
        harmful = {"PYTHONPATH": FAULTS, "MNISTRY_TEST_FAULT": str(fault)}
        part = cluster.serve(**harmful, MNISTRY_CHECKPOINT_SECONDS="0.05", **environment)
        wait_until_ready(part.url)
        return cls(cluster, part, fault)

    @property
    def url(self) -> str:
        return self.part.url

    def processes(self) -> dict[int, str]:
        """Every process, with what it is."""
        found = {self.part.pid: "supervisor"}
        waiting = [self.part.pid]
        while waiting:
            for pid, command in children(waiting.pop()).items():
                found[pid] = _role(command.split())
                waiting.append(pid)
        return found

    def kill(self, pid: int) -> None:
        """Kill one process; the supervisor, which nothing else watches, is started again."""
        ended = self.part.process.poll() is not None
        assert not ended, f"the supervisor ended by itself: {self.log()}"
        if pid != self.part.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return
        self.part.kill()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(AssertionError):  # its parts may still hold the directory
                self.part.start()
                return
            self.part.process.wait()
            time.sleep(0.2)
        raise AssertionError(f"the supervisor does not start: {self.log()}")

    def log(self) -> str:
        return self.part.log.read_text()[-2000:]

    def problems(self) -> list[str]:
        """What fsck finds."""
        result = self.cluster.run("fsck")
        return [] if result.returncode == 0 else result.stdout.splitlines()


def _role(command: Sequence[str]) -> str:
    if "app.trainer.run" in command:
        return "child"
    return command[command.index("app") + 1] if "app" in command else "other"


WORK = {"preset": "mlp", "train_samples": 10_000}
"""Long enough for a few checkpoints."""


def in_peace(client: Client, **changes: Any) -> dict[int, str]:
    """The weights of an undisturbed run, by its seed."""
    return {seed: weights_of(client.wait(client.submit(seed, **changes))) for seed in SEEDS}


def kill_at(service: Service, points: Sequence[Point]) -> list[str]:
    """Kill at one named point after the other, each under a job of its own; what went wrong."""
    journal = Journal()
    client = Client(service.url, journal)
    expected = in_peace(client, **WORK)
    wrong = []
    for number, point in enumerate(points):
        seed = SEEDS[number % len(SEEDS)]
        fired = service.fault.with_suffix(".fired")
        fired.unlink(missing_ok=True)
        order = f"{point.role} {point.target} {point.when} {point.n} {number}"
        draft = service.fault.with_suffix(".draft")
        draft.write_text(order)
        draft.rename(service.fault)
        job = client.wait(client.submit(seed, alias="chaos", **WORK))
        service.fault.unlink(missing_ok=True)
        if not fired.exists():
            wrong.append(f"{point}: was never reached")
        elif job["status"] != "succeeded" or weights_of(job) != expected[seed]:
            wrong.append(f"{point}: {job['status']}, other weights")
        elif job["attempt"] > 2:
            wrong.append(f"{point}: {job['attempt']} attempts for one death")
    client.close()
    return wrong + _lost(service, journal) + service.problems()


def _lost(service: Service, journal: Journal) -> list[str]:
    """Acknowledged jobs that are not there, and jobs that nobody was told of."""
    client = Client(service.url, Journal())
    known: set[str] = set()
    cursor: dict[str, str] = {}
    while True:
        page = client.request("GET", "/v1/jobs", params={"limit": "100", **cursor}).json()
        known |= {job["id"] for job in page["data"]}
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    client.close()
    lost = sorted(set(journal.acknowledged) - known)
    extra = sorted(known - set(journal.acknowledged))
    return [f"job {one} is lost" for one in lost] + [f"job {one} is one too many" for one in extra]


@dataclass
class Storm:
    """What a storm of kills has come to."""

    kills: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    same_weights: int = 0
    gave_up: int = 0
    """Jobs whose process died three times without a checkpoint between: failed, as the rule is."""
    broken: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds_to_end: float = 0.0


def kill_at_random(service: Service, kills: int, seed: int, clients: int = 3) -> Storm:
    """Kill any process of the service, again and again, while clients train."""
    rng = random.Random(seed)
    journal, storm = Journal(), Storm()
    first = Client(service.url, journal)
    expected = in_peace(first)
    over = threading.Event()
    ended: dict[str, str] = {}

    def train(number: int) -> None:
        own = random.Random(number)
        with contextlib.closing(Client(service.url, journal, STORM_PATIENCE)) as client:
            while not over.is_set():
                # As long as the storm lasts a job may be unlucky; afterwards it has a minute.
                client.wait(client.submit(own.choice(SEEDS)), seconds=STORM_PATIENCE)

    with ThreadPoolExecutor(clients) as pool:
        working = [pool.submit(train, number) for number in range(clients)]
        try:
            while storm.kills.total() < kills:
                time.sleep(rng.uniform(0.0, 3.0))
                pid, role = _victim(service, rng)
                service.kill(pid)
                storm.kills[role] += 1
            calm = time.monotonic()
            wait_until_ready(service.url)
        finally:
            over.set()
        for one in working:
            one.result()
    for job_id in journal.acknowledged:
        job = first.wait(job_id, 60)
        ended[job_id] = job["status"]
        if job["status"] == "failed" and job["error"]["code"] == "process_died":
            storm.gave_up += 1
        elif weights_of(job) == expected[journal.acknowledged[job_id]]:
            storm.same_weights += 1
        else:
            storm.wrong.append(f"job {job_id} has other weights")
    storm.seconds_to_end = time.monotonic() - calm
    storm.jobs = len(ended)
    storm.statuses, storm.broken = journal.statuses, journal.broken
    first.close()
    storm.wrong += _lost(service, journal) + service.problems()
    return storm


def _victim(service: Service, rng: random.Random) -> tuple[int, str]:
    """A process; its kind is drawn first, and seldom the one that all others end with."""
    processes = service.processes()
    roles = sorted(set(processes.values()) & {"api", "trainer", "child", "supervisor"})
    (role,) = rng.choices(roles, [1 if one == "supervisor" else 4 for one in roles])
    return rng.choice([(pid, kind) for pid, kind in processes.items() if kind == role])


def restart_the_database(service: Service, server: PostgreSQL, times: int, jobs: int) -> Storm:
    """Crash PostgreSQL again and again while jobs wait and train."""
    rng = random.Random(0)
    journal, storm = Journal(), Storm()
    client = Client(service.url, journal)
    expected = in_peace(client)
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(Client(service.url, journal).submit, SEEDS[i % 3]) for i in range(jobs)]
        for i in range(times):
            time.sleep(rng.uniform(2.0, 8.0))
            if i % 2:
                server.crash()
            else:
                server.stop()
            time.sleep(rng.uniform(0.0, 2.0))
            server.start()
            storm.kills["database"] += 1
        job_ids = [one.result() for one in sent]
    for job_id in job_ids:
        job = client.wait(job_id, 600)
        storm.same_weights += weights_of(job) == expected[journal.acknowledged[job_id]]
    storm.jobs = len(job_ids)
    storm.statuses, storm.broken = journal.statuses, journal.broken
    client.close()
    storm.wrong = _lost(service, journal) + service.problems()
    return storm


@contextlib.contextmanager
def trainers(cluster: Cluster, names: Sequence[str]) -> Iterator[list[Part]]:
    """Trainers of their own, which end with the block."""
    started = [cluster.trainer(name) for name in names]
    try:
        yield started
    finally:
        for part in started:
            part.stop()


EPOCHS = 8


def zombies(cluster: Cluster, url: str, count: int, round_: int) -> tuple[int, list[str]]:
    """Stop trainers in the middle of their jobs until others have taken over, then let them go on.

    Returns:
        How many of the stopped came back and changed nothing; and what is wrong.
    """
    journal = Journal()
    client = Client(url, journal)
    long = {"preset": "mlp", "epochs": EPOCHS, "train_samples": 20_000}
    with trainers(cluster, ["first"]):
        expected = weights_of(client.wait(client.submit(1, **long)))
    names = [f"zombie-{round_}-{i}" for i in range(count)]
    wrong: list[str] = []
    with trainers(cluster, names) as stopped:
        jobs = [client.submit(1, **long) for _ in names]
        _wait_for_checkpoints(client, jobs)
        for part in stopped:
            _stop_between_commits(part, cluster)
        with trainers(cluster, [f"heir-{round_}-{i}" for i in range(count)]):
            for job_id in jobs:
                _wait_for_attempt(client, job_id, 2)
            for part in stopped:
                os.kill(part.pid, signal.SIGCONT)
            ended = [client.wait(job_id, 300) for job_id in jobs]
    fenced = 0
    for job in ended:
        events = _events(client, job["id"])
        once = Counter(name for name, _ in events)["end"] == 1
        epochs = [epoch for name, epoch in events if name == "epoch"]
        whole = epochs == list(range(1, EPOCHS + 1))
        if once and whole and weights_of(job) == expected:
            fenced += 1
        else:
            wrong.append(f"job {job['id']}: {job['status']}, epochs {epochs}")
    client.close()
    return fenced, wrong


def _stop_between_commits(part: Part, cluster: Cluster) -> None:
    """Stop a process, on SQLite not in the middle of a commit.

    There it would hold the file's lock, and everybody would wait for it: that is no zombie.
    """
    while True:
        os.kill(part.pid, signal.SIGSTOP)
        if "MNISTRY_DATABASE_URL" in cluster.environment:
            return
        time.sleep(0.1)
        file = cluster.directory / "mnistry.db"
        with contextlib.closing(sqlite3.connect(file, timeout=3)) as connection:
            try:
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                os.kill(part.pid, signal.SIGCONT)
                time.sleep(0.05)
            else:
                return


def _wait_for_checkpoints(client: Client, jobs: Sequence[str]) -> None:
    for job_id in jobs:
        while not client.request("GET", f"/v1/jobs/{job_id}").json()["history"]:
            time.sleep(0.05)


def _wait_for_attempt(client: Client, job_id: str, attempt: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        job = client.request("GET", f"/v1/jobs/{job_id}").json()
        if job["attempt"] >= attempt or job["finished_at"]:
            return
        time.sleep(0.2)
    raise AssertionError(f"job {job_id} was not taken over")


def _events(client: Client, job_id: str) -> list[tuple[str, int | None]]:
    found: list[tuple[str, int | None]] = []
    after = 0
    while True:
        page = client.request(
            "GET",
            f"/v1/jobs/{job_id}/events",
            params={"after": after, "limit": 1000},
            headers={"Accept": "application/json"},
        ).json()
        found += [(event["event"], event["data"].get("epoch")) for event in page["data"]]
        if not page["data"]:
            return found
        after = page["next_after"]


def one_key(cluster: Cluster, rounds: int) -> int:
    """Send the same request from many clients at once, on two APIs; how often it was one job."""
    try:
        urls = [cluster.api(name).url for name in ("api-a", "api-b")]
        cluster.trainer("trainer")
        cluster.wait_until_ready()
        return _single_jobs(urls, rounds)
    finally:
        cluster.stop()


def _single_jobs(urls: Sequence[str], rounds: int, posts: int = 64) -> int:
    clients = [Client(urls[i % len(urls)], Journal()) for i in range(posts)]
    single = 0
    with ThreadPoolExecutor(posts) as pool:
        for _ in range(rounds):
            send = partial(_post, key=ids.new_id("job"), start=threading.Barrier(posts))
            made = set(pool.map(send, clients))
            single += len(made) == 1
            for job_id in made:
                clients[0].request("POST", f"/v1/jobs/{job_id}/cancel")
    for client in clients:
        client.close()
    return single


def _post(client: Client, key: str, start: threading.Barrier) -> str:
    """Send a job in the same moment as all others; its id."""
    body = {**TINY, "seed": 1, "epochs": 1, "train_samples": 100}
    start.wait()
    answer = client.request("POST", "/v1/jobs", json=body, headers={"Idempotency-Key": key})
    return str(answer.json()["id"])


@dataclass
class Throughput:
    """What many small jobs take."""

    jobs: int
    seconds: float
    median_wait: float
    p99_wait: float
    ran_once: int


def many_jobs(service: Service, count: int) -> Throughput:
    """Submit many jobs at once, and see how long they wait."""
    client = Client(service.url, Journal())
    began = time.monotonic()
    tiny = {"epochs": 1, "train_samples": 100}
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda _: client.submit(1, **tiny), range(count)))
    ended = [client.wait(job_id, 3600) for job_id in jobs]
    seconds = time.monotonic() - began
    waits = sorted(_seconds(job["created_at"], job["started_at"]) for job in ended)
    ran_once = 0
    for job in ended:
        statuses = [entry["status"] for entry in job["history_of_status"]]
        ran_once += statuses == ["queued", "running", "succeeded"]
    client.close()
    p99 = waits[int(len(waits) * 0.99) - 1]
    return Throughput(count, seconds, statistics.median(waits), p99, ran_once)


def _seconds(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
