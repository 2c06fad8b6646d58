"""How fast a digit is read over HTTP, beside MLServer, LitServe and plain FastAPI.

    make bench-serve
    .venv-bench/bin/python benchmarks/serve.py [--seconds 1 --rounds 1]

Run it on a machine that does nothing else: the load comes from the same cores. Every server is one
process with one worker (LitServe needs a second one for its model), on uvloop and httptools, and
reads the same digit with the same weights; before anything is timed, every answer is compared with
the network in NumPy. `wrk` loads them in turn within every round, over 1 and over 16 connections. A
ratio is the median over the rounds, of figures of the same round; its spread the second smallest
and second largest. Ratios of rates are at 16 connections.

The network is small, and the same for all: what is compared is everything around it.
"""

import argparse
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import wrk
from figures import judge, spread
from peers.mlp import Mlp
from rows import TOLERANCE, Row, check, first_digit, json_row, peer_rows, product_rows
from servers import MLSERVER, post, product, start_peers
from wrk import Load

CONNECTIONS = (1, 16)
LONG_JOB = {"preset": "cnn", "epochs": 1000, "seed": 1}

Loads = dict[tuple[str, int], list[Load]]
"""What was seen of each row over so many connections, round by round."""


@dataclass(frozen=True)
class Rounds:
    """How long everything is measured, and where wrk's scripts are kept."""

    rounds: int
    seconds: int
    folder: Path

    def load(self, row: Row, connections: int) -> Load:
        time.sleep(0.2)  # so that the last one's server is at rest
        return wrk.load(row.request, connections, self.seconds, self.folder)

    def alternate(self, rows: Sequence[Row], connections: Sequence[int] = CONNECTIONS) -> Loads:
        """All rows in turn, round by round, after one turn that does not count."""
        for row in rows:
            wrk.load(row.request, connections[-1], 1, self.folder)
        loads: Loads = {(row.name, n): [] for n in connections for row in rows}
        for _ in range(self.rounds):
            for n in connections:
                for row in rows:
                    loads[row.name, n].append(self.load(row, n))
        return loads

    def beside_training(self, row: Row, client: httpx.Client) -> tuple[Loads, Loads]:
        """A row while the trainer is idle and while it trains, in turn."""
        idle: Loads = {(row.name, n): [] for n in CONNECTIONS}
        training: Loads = {(row.name, n): [] for n in CONNECTIONS}
        job = post(client, "/v1/jobs", LONG_JOB)["id"]
        for _ in range(self.rounds):
            before = _until(client, job, "running")
            for n in CONNECTIONS:
                training[row.name, n].append(self.load(row, n))
            if _step(client.get(f"/v1/jobs/{job}").json()) <= before:
                raise RuntimeError("the job made no step while the service was under load")
            post(client, f"/v1/jobs/{job}/pause")
            _until(client, job, "paused")
            for n in CONNECTIONS:
                idle[row.name, n].append(self.load(row, n))
            post(client, f"/v1/jobs/{job}/resume")
        post(client, f"/v1/jobs/{job}/cancel")
        _until(client, job, "cancelled")
        return idle, training


def _until(client: httpx.Client, job: str, status: str) -> int:
    """Wait until a job is in a state, running until it makes steps: its step then."""
    deadline, began = time.monotonic() + 60, None
    while time.monotonic() < deadline:
        seen = client.get(f"/v1/jobs/{job}").json()
        if seen["status"] == status:
            began = _step(seen) if began is None else began
            if status != "running" or _step(seen) > began:
                return _step(seen)
        time.sleep(0.1)
    raise RuntimeError(f"job {job} was not {status} within a minute, but {seen['status']}")


def _step(job: Mapping) -> int:
    progress = job["progress"]
    return progress["step"] if progress else 0


# What comes of it.


def table(loads: Loads) -> None:
    for (name, connections), seen in loads.items():
        rates = [one.rate for one in seen]
        low, high = spread(rates)
        p50, p99 = (statistics.median(getattr(one, p) for one in seen) for p in ("p50", "p99"))
        print(
            f"{name:24} {connections:2} connections {statistics.median(rates):8,.0f}/s "
            f"({low:,.0f}..{high:,.0f})  p50 {p50:6.3f} ms  p99 {p99:7.3f} ms"
        )
    sys.stdout.flush()


def ratios(above: Sequence[Load], below: Sequence[Load], figure: str = "rate") -> list[float]:
    """Round by round."""
    return [getattr(a, figure) / getattr(b, figure) for a, b in zip(above, below, strict=True)]


def compare(loads: Loads) -> None:
    """The product's rows against the peers', and what one caller waits."""
    for ours, theirs, target in [
        ("JSON", "bare constant", "≥ 0.5"),
        ("JSON", "MLServer", "≥ 2.2"),
        ("JSON", "LitServe", "≥ 4"),
        ("JSON", "naive FastAPI", "≥ 2.2"),
        ("PNG", "bare constant", "≥ 0.33"),
        ("v2 binary", "MLServer", "≥ 2.8"),
    ]:
        if (ours, 16) in loads:
            judge(f"{ours} ÷ {theirs}", ratios(loads[ours, 16], loads[theirs, 16]), target)
    for ours, target in [("PNG", "≤ 350"), ("JSON", "≤ 250"), ("v2 binary", "≤ 220")]:
        if (ours, 1) in loads:
            waits = [1000 * one.p50 for one in loads[ours, 1]]
            judge(f"{ours}, p50 at 1", waits, target, " µs")


def compare_training(idle: Sequence[Load], training: Sequence[Load], connections: int) -> None:
    what = f"JSON, p99 beside training, at {connections}"
    judge(f"{what}, ÷ idle", ratios(training, idle, "p99"), "≤ 5")
    judge(what, [one.p99 for one in training], "≤ 25", " ms")


def named(loads: Loads, suffix: str) -> Loads:
    return {(f"{name}, {suffix}", n): seen for (name, n), seen in loads.items()}


def measure(rounds: int, seconds: int, folder: Path, stack: ExitStack) -> None:
    """All of it; the servers run until the stack is closed."""
    plan = Rounds(rounds, seconds, folder)
    client = stack.enter_context(product(folder / "product"))
    weights = folder / "weights.npz"
    export = client.get("/v1/models/bench/export", params={"format": "npz"})
    weights.write_bytes(export.raise_for_status().content)
    mlp = Mlp(weights)
    png, digit = first_digit(client)
    peers = start_peers(folder, weights, stack)
    rows = [*product_rows(client, png, digit), *peer_rows(peers, digit.round(4))]
    for row in rows:
        check(row, mlp)
    print(f"all answers are those of the network in NumPy, within {TOLERANCE}", flush=True)
    loads = plan.alternate(rows)
    table(loads)
    compare(loads)

    one = json_row(client, digit.round(4))
    idle, training = plan.beside_training(one, client)
    table(named(idle, "idle") | named(training, "beside training"))
    for n in CONNECTIONS:
        compare_training(idle[one.name, n], training[one.name, n], n)

    second = stack.enter_context(product(folder / "two", workers=2))
    two = json_row(second, digit.round(4), "JSON, two workers")
    check(two, mlp)
    loads = plan.alternate([one, two], [16])
    table(loads)
    judge("two workers ÷ one", ratios(loads[two.name, 16], loads[one.name, 16]), "≥ 1.6")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of each row in each round")
    options = parser.parse_args()
    if not wrk.is_installed():
        sys.exit("bench-serve: wrk is not installed; apt-get install wrk, and try again")
    if not MLSERVER.exists():
        sys.exit("bench-serve: MLServer has an environment of its own; start with make bench-serve")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end, too
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        try:
            measure(options.rounds, options.seconds, Path(folder), stack)
        except (RuntimeError, httpx.HTTPError) as error:
            sys.exit(f"bench-serve: {error}")
        except KeyboardInterrupt:
            sys.exit(130)


if __name__ == "__main__":
    main()
