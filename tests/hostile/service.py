"""A service to attack, and what is looked at while it is attacked."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import numpy as np
from safetensors.numpy import save

from tests.cluster import Part, wait_until_ready
from tests.hostile.wire import JSON, Address, Request, Wire, address_of
from tests.processes import Footprint, footprint

MIB = 2**20
THREADS = 40
"""As many as a process of the API has for what would block it."""

HEALTH = Request("GET", "/healthz")

NETWORK = {
    "input_shape": [1, 28, 28],
    "layers": [{"type": "flatten"}, {"type": "dense", "output_dim": 10}, {"type": "softmax"}],
}


@dataclass
class Target:
    """A service of its own, with a model, a dataset that may be written to, and no trainer."""

    part: Part
    directory: Path
    document: dict[str, Any] = field(default_factory=dict)
    kept: frozenset[Path] = frozenset()
    """What lies in its folder for temporary files as long as it runs."""

    @property
    def address(self) -> Address:
        return address_of(self.part.url)

    @property
    def temporary(self) -> Path:
        return self.directory / "tmp"

    def footprint(self) -> Footprint:
        return footprint(self.part.pid)

    def temporary_files(self) -> set[Path]:
        """Those that were left."""
        return set(self.temporary.iterdir()) - self.kept

    def files(self) -> set[str]:
        """Every file that the service could have left anywhere but in its data directory."""
        own = {str(path) for path in self.directory.rglob("*") if "data" not in path.parts}
        return own | {path.name for path in Path().iterdir()}

    def settled(self, before: Footprint, seconds: float = 15) -> Footprint:
        """What it holds when it has let go of what it held for its clients, or after a time."""
        deadline = time.monotonic() + seconds
        while True:
            now = self.footprint()
            calm = now.descriptors <= before.descriptors + 2 and not self.temporary_files()
            if (calm and now.processes <= before.processes) or time.monotonic() > deadline:
                return now
            time.sleep(0.2)


@contextlib.contextmanager
def target(directory: Path, trainers: int = 0, **environment: str) -> Iterator[Target]:
    """Start one; as long as nothing is trained, nothing but what is sent takes time."""
    temporary = directory / "tmp"
    temporary.mkdir(parents=True)
    chosen = {
        "MNISTRY_DATA_DIR": str(directory / "data"),
        "MNISTRY_TRAINERS": str(trainers),
        "MNISTRY_LOG_LEVEL": "WARNING",
        "TMPDIR": str(temporary),
        **environment,
    }
    part = Part(["serve", "--port", "0"], chosen, directory / "service.log")
    try:
        wait_until_ready(part.url, "healthz")
        with httpx.Client(base_url=part.url, timeout=60) as client:
            _fill(client)
        document = httpx.get(f"{part.url}/openapi.json").json()
        found = Target(part, directory, document, frozenset(temporary.iterdir()))
        _warm(found.address)
        yield found
    finally:
        part.stop()


def _fill(client: httpx.Client) -> None:
    """A model by the name of digits, which reads nothing well, and a dataset to write to."""
    rng = np.random.default_rng(0)
    weights = {"1.W": rng.normal(0, 0.05, (784, 10)).astype(np.float32), "1.b": np.zeros(10, "f4")}
    network = {"network": json.dumps(NETWORK)}
    made = client.post("/v1/models", data=network, files={"file": ("weights", save(weights))})
    assert made.status_code == 201, made.text
    alias = client.put("/v1/aliases/digits", json={"model_id": made.json()["id"]})
    assert alias.status_code == 200, alias.text
    own = {"name": "hostile", "sample_shape": [1, 28, 28], "classes": list("0123456789")}
    assert client.post("/v1/datasets", json=own).status_code == 201


def _warm(address: Address) -> None:
    """Have all made that is made once: threads, connections to the database, a model in memory."""
    drawing = b'{"instances":[{"strokes":[[[1,1],[9,9]]]}]}'

    def ask(_number: int) -> None:
        with Wire(address) as wire:
            for request in (
                Request("POST", "/v1/predict", drawing, JSON),
                Request("GET", "/v1/jobs"),
                Request("GET", "/readyz"),
            ):
                assert wire.ask(request).status in (200, 503)

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(ask, range(2 * THREADS)):
            pass


class Watch:
    """Asks for the health, and looks at the memory, as long as something is done to a service."""

    def __init__(self, service: Target, every: float = 0.05) -> None:
        self._service = service
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.before = service.footprint()
        self.peak = self.before.memory
        self.health: list[float] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        with Wire(self._service.address) as wire:
            while not self._over.wait(self._every):
                answer = wire.ask(HEALTH)
                self.health.append(answer.seconds if answer.status == 200 else 60.0)
                self.peak = max(self.peak, self._service.footprint().memory)

    @property
    def grown(self) -> float:
        """By how many MiB the memory grew at its peak."""
        return (self.peak - self.before.memory) / MIB

    def health_percentile(self, share: float) -> float:
        return sorted(self.health)[max(0, int(len(self.health) * share) - 1)]
