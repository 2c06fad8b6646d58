"""Jobs: what they are, and the conversations about them."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote

from pydantic import Field

from app.client.answers import parse
from app.client.calls import FOLLOWING, Call, Steps, answered, ask, create
from app.client.errors import JobFailed, TookTooLong
from app.client.networks import Network
from app.client.records import Json, Record

ENDED = ("succeeded", "failed", "cancelled")
WAIT_SECONDS = 20.0
"""How long the service is asked to hold an answer back."""


class JobOptions(TypedDict, total=False):
    """What a job may say; exactly one of `preset`, `network` and `network_id` is needed.

    Where it says nothing it is as the preset's recipe has it, else as the service's defaults are.

    Keys:
        preset: A network by name: linear, mlp, lenet5, cnn, resnet, autoencoder.
        network: A network that was defined, or a definition.
        network_id: A network that was defined, by its id.
        dataset: By its name; MNIST by default.
        epochs: Passes over the training samples.
        batch_size: Samples a step.
        optimizer: As `{"type": "adam", "learning_rate": 0.001}`.
        schedule: As `{"type": "cosine", "warmup_epochs": 1}`.
        loss: As `{"type": "cross_entropy", "label_smoothing": 0.1}`.
        augmentation: As `{"rotate": 10, "translate": 2}`, in degrees and pixels; None: none.
        ema: The share that a moving average of the weights keeps of itself at every step.
        validation_split: The share of the training samples that is held out, 0 to 0.9.
        early_stopping: As `{"patience": 3}`, in epochs.
        seed: Decides every random draw, 0 to 2**32 - 1.
        train_samples: Learn only the first so many.
        max_seconds: Stop after so many seconds of training, and keep what was learnt.
        init_from: A model of the same network to begin from, by its id or an alias.
        alias: An alias to move to the model when the job succeeds.
        probe: `{"strokes": [...]}`, read again and again while the network learns.
        name: What you call it.
        notes: Anything worth remembering.
        tags: Words to find it by.
    """

    preset: str | None
    network: Network | Mapping[str, Any] | None
    network_id: str | None
    dataset: str
    epochs: int
    batch_size: int
    optimizer: Mapping[str, Any]
    schedule: Mapping[str, Any]
    loss: Mapping[str, Any]
    augmentation: Mapping[str, Any] | None
    ema: float | None
    validation_split: float
    early_stopping: Mapping[str, Any] | None
    seed: int | None
    train_samples: int | None
    max_seconds: float | None
    init_from: str | None
    alias: str | None
    probe: Mapping[str, Any] | None
    name: str | None
    notes: str | None
    tags: Sequence[str]


class StatusEntry(Record):
    """A status that a job came into."""

    status: str
    at: str
    reason: str | None


class JobProgress(Record):
    """How far a job has come.

    Attributes:
        epoch: The epoch under way, from 1.
        epochs: Epochs in all.
        step: Steps that are done.
        steps: Steps in all.
        fraction: The share of steps that are done, 0 to 1.
        samples_per_second: The speed in this epoch.
        eta_seconds: The time that is left.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    fraction: float
    samples_per_second: float | None = None
    eta_seconds: float | None = None


class Metrics(Record):
    """The newest figures; None where there is none that is finite. Accuracies are 0 to 1."""

    train_loss: float | None = None
    train_accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None


class Epoch(Metrics):
    """An epoch that has ended, which took `seconds`."""

    epoch: int
    learning_rate: float
    seconds: float
    gradient_norm: float | None = None


class JobRecord(Record):
    """A training job as it was when the service was last asked.

    Attributes:
        id: Its id, `job_...`.
        status: queued, running, paused, succeeded, failed or cancelled.
        config: The request, with every default filled in.
        queue_position: Its place among those that wait, from 1.
        created_at: RFC 3339, UTC, as all times are.
        history: The epochs that have ended.
        model_id: The model that it left.
        error: Why it has failed: code, title, detail and a suggestion that can be posted.
        receipt: What decided the weights, and their SHA-256.
    """

    id: str
    status: str
    name: str | None = None
    notes: str | None = None
    tags: list[str] = Field(default_factory=list)
    network_id: str | None = None
    preset: str | None = None
    config: Json
    attempt: int = 0
    queue_position: int | None = None
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    history_of_status: list[StatusEntry] = Field(default_factory=list)
    progress: JobProgress | None = None
    metrics: Metrics | None = None
    best: Json | None = None
    history: list[Epoch] = Field(default_factory=list)
    stopped_by: str | None = None
    model_id: str | None = None
    error: Json | None = None
    receipt: Json | None = None

    @property
    def ended(self) -> bool:
        """Whether it never changes again."""
        return self.status in ENDED

    def require_success(self) -> None:
        """Do nothing where it has succeeded.

        Raises:
            JobFailed: It has failed or was cancelled.
        """
        if self.status in ("failed", "cancelled"):
            raise JobFailed(self.id, self.status, self.error)

    def require_model(self) -> str:
        """The id of the model that it left.

        Raises:
            JobFailed: It has failed or was cancelled, and left none.
            ValueError: It has not ended.
        """
        if self.model_id is not None:
            return self.model_id
        self.require_success()
        msg = f"job {self.id} is {self.status} and has no model yet; wait() for it first"
        raise ValueError(msg)


class Plan(Record):
    """What a job would be and cost; `estimate` has `memory_bytes` and `seconds`."""

    config: Json
    network: Json
    parameters: int
    macs: int
    estimate: Json


AnyJob = TypeVar("AnyJob", bound=JobRecord)


def path_of(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def body_of(options: JobOptions) -> Json:
    """The request, as JSON."""
    body: Json = dict(options)
    if isinstance(body.get("network"), Network):
        body["network_id"] = body.pop("network").id
    # None is as good as not said, but of these, where it switches something off.
    chosen = ("augmentation", "early_stopping", "ema")
    return {name: v for name, v in body.items() if v is not None or name in chosen}


def submit(kind: type[AnyJob], options: JobOptions) -> Steps[AnyJob]:
    return create(kind, "/v1/jobs", body_of(options))


def plan(options: JobOptions) -> Steps[Plan]:
    return ask(Plan, "/v1/jobs", {**body_of(options), "validate_only": True})


def act(kind: type[AnyJob], job_id: str, action: str) -> Steps[AnyJob]:
    """Cancel, pause or resume."""
    return ask(kind, f"{path_of(job_id)}/{action}")


def replay(kind: type[AnyJob], job_id: str) -> Steps[AnyJob]:
    return create(kind, f"{path_of(job_id)}/replay")


def label(kind: type[AnyJob], job_id: str, labels: Mapping[str, Any]) -> Steps[AnyJob]:
    return ask(kind, path_of(job_id), dict(labels), method="PATCH")


def wait(
    kind: type[AnyJob],
    job_id: str,
    timeout: float | None,
    seen: Callable[[JobRecord], None] | None,
) -> Steps[AnyJob]:
    """Ask until a job has ended, also while the service is started again.

    Args:
        kind: What to answer.
        job_id: The job.
        timeout: Seconds to wait at most; None: as long as it takes.
        seen: Told of the job again and again, about once a second.

    Raises:
        TookTooLong: It has not ended in time.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    longest = WAIT_SECONDS if seen is None else 1.0
    while True:
        left = longest if deadline is None else min(longest, deadline - time.monotonic())
        params = {"wait": round(max(0.0, left), 3)}
        call = Call("GET", path_of(job_id), params=params, seconds=2 * WAIT_SECONDS)
        response = yield from answered(call, FOLLOWING)
        job = parse(kind, response)
        if seen is not None:
            seen(job)
        if job.ended:
            return job
        if deadline is not None and time.monotonic() >= deadline:
            raise TookTooLong(f"job {job_id} is {job.status} after {timeout:g} s; it goes on")
