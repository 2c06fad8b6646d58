"""What the store keeps: one record a resource, as plain data."""

from dataclasses import dataclass, field
from typing import Any, Literal

from app.domain.jobs import JobStatus, StoppedBy
from app.domain.keys import Role
from app.domain.sweeps import Metric

Json = dict[str, Any]

DEFAULT_PREPROCESSING: Json = {"mode": "mnist", "scale": [0.0, 1.0], "ink": "light"}
"""What images are turned into where a model does not say: MNIST's own form."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A definition that a client stored; `preset` where it came from one."""

    id: str
    created_at: str
    preset: str | None
    definition: Json


@dataclass(frozen=True, kw_only=True)
class Job:
    """A training job, as far as it has come.

    Attributes:
        sweep_id: The sweep that it is a trial of.
        attempt: How often an attempt began, whatever ended the one before; fences every write.
        crashes: How often its process died.
        checkpoint_sha256: The blob that its next attempt goes on from.
        seconds: Time spent training, over all attempts.
        last_event: The id of its newest event; changes whenever anything here does.
    """

    id: str
    created_at: str
    definition: Json
    config: Json
    status: JobStatus = "queued"
    history_of_status: list[Json]
    started_at: str | None = None
    finished_at: str | None = None
    name: str | None = None
    notes: str | None = None
    tags: list[str] = field(default_factory=list)
    network_id: str | None = None
    preset: str | None = None
    sweep_id: str | None = None
    attempt: int = 0
    crashes: int = 0
    progress: Json | None = None
    metrics: Json | None = None
    best: Json | None = None
    history: list[Json] = field(default_factory=list)
    stopped_by: StoppedBy | None = None
    error: Json | None = None
    receipt: Json | None = None
    checkpoint_sha256: str | None = None
    seconds: float = 0.0
    last_event: int = 0

    @property
    def turn(self) -> int:
        """How often it was paused: each time it leaves the queue, and comes in anew."""
        return sum(entry["status"] == "paused" for entry in self.history_of_status)

    @property
    def starts(self) -> int:
        """How often it was started, not counting pauses: 1, and once more after each crash."""
        lost = [e for e in self.history_of_status if e["status"] == "running" and e["reason"]]
        return 1 + len(lost)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Jobs that were started together; each trial has a `job_id` and its `parameters`.

    Attributes:
        median_stopping: When a trial that falls behind the others is stopped; None: never.
    """

    id: str
    created_at: str
    metric: Metric
    trials: list[Json]
    median_stopping: Json | None = None


@dataclass(frozen=True, kw_only=True)
class JobEvent:
    """Something that happened to a job; ids count from 1 without a gap."""

    id: int
    event: str
    at: str
    data: Json


@dataclass(frozen=True, kw_only=True)
class Model:
    """A network with its weights, that a job left or a client sent.

    Attributes:
        dataset: What it has learnt; empty where an imported file does not say.
        familiarity_sha256: The blob of what its training set looked like, where that is known.
    """

    id: str
    created_at: str
    name: str | None
    job_id: str | None
    network_id: str | None
    definition: Json
    dataset: str
    classes: list[str]
    preprocessing: Json
    parameters: int
    size_bytes: int
    sha256: str
    metrics: Json
    familiarity_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Alias:
    """A name that serves wherever a model id does; `past` has the models that it named before."""

    alias: str
    model_id: str
    updated_at: str
    past: list[Json]

    @property
    def moves(self) -> int:
        """How often it was pointed at a model: 1 for a new one. Its past forgets, this does not."""
        return 1 + (self.past[0].get("version", len(self.past)) if self.past else 0)


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key that lets its holder in; what it is nobody can tell from this.

    Attributes:
        expires_at: From when on it is not taken; None: it is taken until it is revoked.
        sha256: Of the key, in hexadecimal digits.
    """

    id: str
    created_at: str
    role: Role
    name: str | None
    expires_at: str | None
    revoked_at: str | None = None
    sha256: str

    def status(self, now: str) -> Literal["valid", "expired", "revoked"]:
        if self.revoked_at is not None:
            return "revoked"
        return "valid" if self.expires_at is None or now < self.expires_at else "expired"
