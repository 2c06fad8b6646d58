"""Good and bad requests, mixed, for a long time: what a service holds has to stay what it was."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.hostile.oracle import fault
from tests.hostile.payloads import KINDS
from tests.hostile.service import MIB, Target
from tests.hostile.wire import JSON, Request, Wire

CLIENTS = 4
WARM = 0.25
"""The share of the time after which everything that is kept has been kept once."""

GOOD = (
    Request("POST", "/v1/predict", b'{"instances":[{"strokes":[[[1,1],[9,9]]]}]}', JSON),
    Request("POST", "/v1/networks/validate", b'{"preset":"cnn"}', JSON),
    Request("GET", "/v1/models/digits"),
    Request("GET", "/v1/models/digits/export?format=npz"),
    Request("GET", "/v1/models/digits/filters"),
    Request("GET", "/v1/datasets/mnist/samples/7?split=test"),
    Request("GET", "/v1/jobs?limit=3"),
    Request("GET", "/metrics"),
    Request("GET", "/static/main.js"),
    Request("POST", "/v1/models/digits/evaluate", b'{"split":"test"}', JSON),
)


@dataclass
class Soak:
    """What was seen.

    Attributes:
        memory: Of the service, in bytes, with how many requests it had answered by then.
        descriptors: As many times.
        threads: As many times.
    """

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    memory: list[tuple[int, int]] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    @property
    def slope(self) -> float:
        """MiB that a thousand requests leave behind, once it is warm (Theil and Sen)."""
        warm = self.memory[int(len(self.memory) * WARM) :]
        slopes = sorted(
            (later - earlier) / (n - m)
            for i, (m, earlier) in enumerate(warm)
            for n, later in warm[i + 1 :]
            if n > m
        )
        return slopes[len(slopes) // 2] * 1000 / MIB if slopes else 0.0

    def growth(self, counts: Sequence[int]) -> int:
        """By how much the largest count of the last quarter is above that of the first, warm."""
        warm = counts[int(len(counts) * WARM) :]
        quarter = max(1, len(warm) // 4)
        return max(warm[-quarter:]) - max(warm[:quarter])


def soak(service: Target, seconds: float, seed: int = 0) -> Soak:
    """Send one request after the other from a few clients at once."""
    bad = [one for kind in KINDS.values() for one in kind(service.document)]
    seen, lock = Soak(), threading.Lock()
    deadline = time.monotonic() + seconds

    def ask(number: int) -> None:
        rng = random.Random(seed + number)
        with Wire(service.address) as wire:
            while time.monotonic() < deadline:
                name, request = (
                    ("good", rng.choice(GOOD)) if rng.random() < 0.5 else rng.choice(bad)
                )
                answer = wire.ask(request)
                overloaded = answer.status == 503 and "retry-after" in answer.headers
                found = None if overloaded else fault(request, answer)
                with lock:
                    seen.sent += 1
                    seen.statuses[answer.status] += 1
                    if found:
                        seen.wrong.append(f"{name}: {request.target[:80]}: {found}")

    with ThreadPoolExecutor(CLIENTS) as pool:
        working = [pool.submit(ask, number) for number in range(CLIENTS)]
        while time.monotonic() < deadline:
            now = service.footprint()
            seen.memory.append((seen.sent, now.memory))
            seen.descriptors.append(now.descriptors)
            seen.threads.append(now.threads)
            time.sleep(max(0.1, seconds / 400))
        for one in working:
            one.result()
    return seen
