"""The parts of a long attack: each does one thing to a service and says what came of it."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests import dataset_files
from tests.chaos import scenarios
from tests.cluster import Cluster
from tests.contract import fuzz
from tests.hostile import flood, images, json_bodies, machines, payloads, soak
from tests.hostile.oracle import Verdicts
from tests.hostile.service import MIB, Target, Watch, target

IDLE, STREAMS, REAPED_SECONDS = 1000, 300, 15.0
HEALTH_SECONDS = 0.25
SLOWEST_SECONDS = 1.0
MEMORY_MIB = 256
GIVEN_BACK_SECONDS = 5
"""After which what is free has gone back to the system."""

KEPT_MIB = 128
"""MNIST, which stays in memory, is 55 of them."""

UNREAD = "/static/swagger/swagger-ui-bundle.js"
"""More than the system keeps for a client that does not read."""

KEYS = 100
CASES = 60
"""Of each operation."""

SEQUENCES, STEPS = 200, 30
SOAK_SECONDS, PARSER_SECONDS = 1800, 225


@dataclass
class Attack:
    """Where it happens, how long it lasts, and what fell short.

    Attributes:
        directory: For the services' files.
        seconds: Of the soak; the parsers have an eighth of it each.
    """

    directory: Path
    seconds: int = SOAK_SECONDS
    short: list[str] = field(default_factory=list)

    def report(self, what: str, seen: str, *, good: bool) -> None:
        print(f"{what:<44} {seen}{'' if good else '   FALLS SHORT'}", flush=True)
        if not good:
            self.short.append(what)

    def show(self, problems: Sequence[str], most: int = 20) -> None:
        for problem in problems[:most]:
            print(f"    {problem}", flush=True)

    def report_payloads(self, what: str, verdicts: Verdicts) -> None:
        statuses = ", ".join(f"{n} × {status}" for status, n in sorted(verdicts.statuses.items()))
        p99 = verdicts.percentile(0.99)
        self.report(f"  {what}", f"{statuses}; p99 {p99 * 1000:.0f} ms", good=not verdicts.wrong)
        self.show(verdicts.wrong)


def hostile_payloads(attack: Attack) -> None:
    with target(attack.directory / "payloads") as service:
        files, before = service.files(), service.footprint()
        every: list[Verdicts] = []
        with Watch(service) as watch:
            for name, kind in payloads.KINDS.items():
                every.append(payloads.send(service, kind(service.document)))
                attack.report_payloads(name, every[-1])
            every.append(payloads.send_raw(service))
            attack.report_payloads("no HTTP", every[-1])
        after, left = service.settled(before), service.files() - files
    sent, wrong = sum(v.sent for v in every), sum(len(v.wrong) for v in every)
    p99 = max(v.percentile(0.99) for v in every)
    attack.report("hostile payloads", f"{sent:,}, {wrong} with another end", good=not wrong)
    attack.report("  p99 of the slowest kind", f"{p99:.2f} s", good=p99 < SLOWEST_SECONDS)
    attack.report("  memory", f"+{watch.grown:.0f} MB", good=watch.grown < MEMORY_MIB)
    _report_health(attack, watch)
    same = f"{before.descriptors} → {after.descriptors}"
    attack.report("  descriptors", same, good=after.descriptors <= before.descriptors + 2)
    attack.report("  files left elsewhere", str(len(left)), good=not left)


def other_sites(attack: Attack) -> None:
    with target(attack.directory / "sites") as service:
        for name, kind in payloads.SITES.items():
            verdicts = payloads.send(service, kind(service.document))
            got = f"{len(verdicts.wrong)} of {verdicts.sent:,} get through"
            attack.report(name, got, good=not verdicts.wrong)
            attack.show(verdicts.wrong)


def sockets(attack: Attack) -> None:
    with target(attack.directory / "sockets") as service:
        job_id = a_job(service)
        before = service.footprint()
        with (
            Watch(service) as watch,
            flood.streams(service, STREAMS, job_id) as let_in,
            flood.crowd(service.address, IDLE) as crowd,
        ):
            closed, seconds = flood.reaped(crowd.all, REAPED_SECONDS)
        after = service.settled(before, 30)
    places = ", ".join(f"{n} × {line.decode()}" for line, n in sorted(let_in.items()))
    attack.report(f"{STREAMS} streams", places, good=set(let_in) <= {flood.LET_IN, flood.REFUSED})
    reaped = f"{closed} closed, the last after {seconds:.1f} s"
    attack.report(f"{IDLE} slow or idle sockets", reaped, good=closed == IDLE)
    _report_health(attack, watch)
    same = f"{before.descriptors} → {after.descriptors}"
    attack.report("  descriptors", same, good=after.descriptors <= before.descriptors + 2)


def overload(attack: Attack) -> None:
    with target(attack.directory / "overload") as service:
        before = service.footprint()
        picture = images.encoded(images.digit().resize((3900, 3900)), "PNG")
        with (
            Watch(service) as watch,
            flood.never_reading(service.address, UNREAD, 50) as deaf,
        ):
            requests = flood.heavy_requests(service, picture)
            seen = flood.at_once(service, requests, 64)
            closed, seconds = flood.gone(deaf, 60)
        time.sleep(GIVEN_BACK_SECONDS)
        after = service.settled(before, 30)
    answers = ", ".join(f"{n} × {status}" for status, n in sorted(seen.items()))
    attack.report("64 clients with heavy requests", answers, good=set(seen) <= {200, 429, 503})
    _report_health(attack, watch)
    attack.report("  memory", f"+{watch.grown:.0f} MB", good=watch.grown < MEMORY_MIB)
    kept = (after.memory - before.memory) / MIB
    attack.report("  of which stays", f"+{kept:.0f} MB", good=kept < KEPT_MIB)
    gone = f"{closed} of {len(deaf)} dropped after {seconds:.0f} s"
    attack.report("  clients that never read", gone, good=closed == len(deaf))
    same = f"{before.descriptors} → {after.descriptors}"
    attack.report("  descriptors", same, good=after.descriptors <= before.descriptors + 2)


def long_soak(attack: Attack) -> None:
    with target(attack.directory / "soak") as service:
        before = service.footprint()
        seen = soak.soak(service, attack.seconds)
        service.settled(before, 30)
        left = len(service.temporary_files())
    attack.report(
        f"{attack.seconds} s of good and bad requests",
        f"{seen.sent:,}, {len(seen.wrong)} with another end",
        good=not seen.wrong,
    )
    attack.show(seen.wrong)
    attack.report("  MB a thousand requests", f"{seen.slope:.3f}", good=seen.slope < 1)
    grown = {"descriptors": seen.growth(seen.descriptors), "threads": seen.growth(seen.threads)}
    for name, more in grown.items():
        attack.report(f"  {name}", f"{more:+}", good=more <= 4)
    attack.report("  temporary files left", str(left), good=not left)


def one_key(attack: Attack) -> None:
    """The scenario of `make chaos`, on SQLite."""
    directory = attack.directory / "keys"
    directory.mkdir()
    single = scenarios.one_key(Cluster(directory, {}), KEYS)
    what = f"64 identical posts at once × {KEYS}: one job"
    attack.report(what, f"{single} of {KEYS}", good=single == KEYS)


def by_the_document(attack: Attack) -> None:
    """What `make contract` does for longer."""
    directory = attack.directory / "schemathesis"
    directory.mkdir()
    ended = fuzz.run(directory, "--max-examples", str(CASES))
    count = f"{fuzz.cases(ended.stdout):,} cases"
    attack.report("schemathesis, by the document", count, good=ended.returncode == 0)
    if ended.returncode:
        attack.show(ended.stdout.splitlines(), most=200)


def state_machines(attack: Attack) -> None:
    with (
        target(attack.directory / "machines", trainers=1) as service,
        httpx.Client(base_url=service.part.url, timeout=60) as client,
    ):
        machines.Aliases.models = machines.three_models(client)
        for kind in (machines.Aliases, machines.Jobs):
            what = f"{kind.__name__.lower()} as a state machine"
            try:
                count = machines.drive(kind, client, SEQUENCES, STEPS)
            except AssertionError as error:
                attack.report(what, f"{error}", good=False)
            else:
                attack.report(what, f"{count} sequences, 0 failures", good=True)


def parsers(attack: Attack) -> None:
    """Each parser in a process of its own, since a fuzzer ends its process."""
    seconds = max(1, attack.seconds * PARSER_SECONDS // SOAK_SECONDS)
    for name, seeds in _seeds(attack.directory).items():
        corpus = attack.directory / "corpus" / name
        corpus.mkdir(parents=True)
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
        command = [sys.executable, "-m", "tests.hostile.parsers", name, str(seconds), str(corpus)]
        ended = subprocess.run(command, capture_output=True, check=False)
        said = ended.stderr.decode(errors="replace")
        units = re.search(r"number_of_executed_units:\s*(\d+)", said)
        count = int(units.group(1)) if units else 0
        seen = f"{seconds} s, {count:,} inputs, {'0' if ended.returncode == 0 else '1'} uncaught"
        attack.report(f"parser {name}", seen, good=ended.returncode == 0 and count > 0)
        if ended.returncode:
            attack.show(said.splitlines()[-30:], most=30)


def _seeds(directory: Path) -> Mapping[str, list[bytes]]:
    """For each parser what it takes, and what it does not."""
    with target(directory / "seeds") as service:
        model = httpx.Client(base_url=service.part.url, timeout=60)
        exports = {
            kind: model.get(f"/v1/models/digits/export?format={kind}").content
            for kind in ("safetensors", "npz", "keras")
        }
        model.close()
    texts = [text for _, text in json_bodies.texts() if len(text) < 1000]
    tensor = b"\1\0\0\0a\2\0\0\0bc\0\0\0\0"
    infer = b'{"inputs":[{"name":"input","datatype":"FP32","shape":[1,2],"data":[0.1,0.2]}]}'
    datasets = [
        dataset_files.npz(dataset_files.arrays()),
        dataset_files.zipped(dataset_files.idx_files()),
        dataset_files.zipped(dataset_files.idx_files(packed=True)),
        dataset_files.zipped(dataset_files.folders()),
    ]
    return {
        "json": [*texts, b'{"a":[1,2.5e3,"\\u00e9",null,true]}'],
        "v2": [infer],
        "tensor": [tensor],
        "image": [images.encoded(images.digit(), form) for form in images.FORMATS],
        **{kind: [content] for kind, content in exports.items()},
        "dataset": datasets,
    }


def a_job(service: Target) -> str:
    """A job that waits, so that whoever watches it watches for long."""
    job = httpx.post(f"{service.part.url}/v1/jobs", json={"preset": "linear"}).json()
    return str(job["id"])


def _report_health(attack: Attack, watch: Watch) -> None:
    p99 = watch.health_percentile(0.99)
    attack.report("  health meanwhile, p99", f"{p99 * 1000:.0f} ms", good=p99 < HEALTH_SECONDS)


PARTS: Mapping[str, Callable[[Attack], None]] = {
    "payloads": hostile_payloads,
    "sites": other_sites,
    "sockets": sockets,
    "overload": overload,
    "schemathesis": by_the_document,
    "machines": state_machines,
    "keys": one_key,
    "parsers": parsers,
    "soak": long_soak,
}
