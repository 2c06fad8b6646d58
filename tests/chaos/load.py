"""Clients that never give up: what was answered with 202 is written down, and has to come true."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.domain import ids

Json = dict[str, Any]

TINY: Json = {"preset": "linear", "epochs": 3, "train_samples": 2000, "batch_size": 100}
"""A second's work, most of it the start of the process."""

SEEDS = (1, 2, 3)

PATIENCE = 120.0
STORM_PATIENCE = 1200.0


@dataclass
class Journal:
    """What clients were told."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    """The seed of every job that was answered with 202."""

    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    """Requests whose connection broke: a process was killed under them."""


class Client:
    """One client of a service whose processes are killed; it follows the service's address."""

    def __init__(self, url: str, journal: Journal, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._http = httpx.Client(base_url=url, timeout=30)
        self._journal = journal

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send until there is an answer that is not a request to come again."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            try:
                response = self._http.request(method, path, **arguments)
            except httpx.TransportError:
                self._journal.broken += 1
            else:
                self._journal.statuses[response.status_code] += 1
                if response.status_code not in (429, 503):
                    return response
                assert response.headers["Retry-After"]
            time.sleep(0.1)
        raise AssertionError(f"{method} {path}: no answer for {self._patience} s")

    def submit(self, seed: int, **changes: Any) -> str:
        """A job, once, however often it had to be sent."""
        key = {"Idempotency-Key": ids.new_id("job")}
        body = {**TINY, "seed": seed, **changes}
        response = self.request("POST", "/v1/jobs", json=body, headers=key)
        assert response.status_code == 202, response.text
        job_id = str(response.json()["id"])
        self._journal.acknowledged[job_id] = seed
        return job_id

    def wait(self, job_id: str, seconds: float = PATIENCE) -> Json:
        """The job when it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job: Json = self.request("GET", f"/v1/jobs/{job_id}", params={"wait": 5}).json()
            if job["finished_at"] is not None:
                return job
        raise AssertionError(f"job {job_id} has not ended after {seconds} s")

    def close(self) -> None:
        self._http.close()


def weights_of(job: Json) -> str:
    """The SHA-256 of what a job has learnt."""
    assert job["status"] == "succeeded", job["error"]
    return str(job["receipt"]["weights_sha256"])
