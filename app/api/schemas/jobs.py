"""Bodies of jobs and their events."""

from typing import Annotated, Any

from pydantic import Field

from app.api.schemas.common import As, Body, JsonObject, Time
from app.api.schemas.networks import Definition
from app.domain.jobs import INTERNAL_FIELDS, JobRequest, JobStatus, StoppedBy
from app.domain.records import Job, JobEvent

Config = Annotated[JsonObject, As(JobRequest)]


class StatusEntry(Body):
    """A status that the job came into."""

    status: JobStatus = Field(description="The status.")
    at: Time
    reason: str | None = Field(description="Why, where there is something to say.")


class ProgressBody(Body):
    """How far it has come."""

    epoch: int = Field(description="The epoch under way, from 1.")
    epochs: int = Field(description="Epochs in all.")
    step: int = Field(description="Steps that are done.")
    steps: int = Field(description="Steps in all.")
    fraction: float = Field(description="The share of steps that are done.")
    samples_per_second: float | None = Field(description="The speed in this epoch.")
    eta_seconds: float | None = Field(description="The time that is left.")


class MetricsBody(Body):
    """The newest figures; null where there is none, or none that is finite."""

    train_loss: float | None = Field(None, description="Mean loss over the epoch so far.")
    train_accuracy: float | None = Field(None, description="Accuracy over the epoch so far.")
    val_loss: float | None = Field(None, description="Loss on the validation samples.")
    val_accuracy: float | None = Field(None, description="Accuracy on the validation samples.")
    nonfinite: str | None = Field(None, description="What a null figure was: nan, inf, -inf.")


class EpochBody(MetricsBody):
    """An epoch that has ended."""

    epoch: int = Field(description="The epoch, from 1.")
    learning_rate: float = Field(description="The rate of its last step.")
    seconds: float = Field(description="How long it took.")
    gradient_norm: float | None = Field(description="The mean norm of its gradients.")


class BestBody(Body):
    """The epoch with the best validation."""

    epoch: int = Field(description="The epoch, from 1.")
    val_accuracy: float | None = Field(description="Its validation accuracy.")


class JobErrorBody(Body):
    """Why a job has failed."""

    code: str = Field(description="The kind of failure, for programs.")
    title: str = Field(description="The kind of failure, in words.")
    detail: str = Field(description="What happened.")
    suggestion: Config | None = Field(description="A job that is likely to work.")


class ReceiptBody(Body):
    """What decided the weights that a job has left."""

    seed: int = Field(description="Decided every random draw.")
    definition_sha256: str = Field(description="The network's definition.")
    dataset: str = Field(description="The dataset.")
    dataset_version: int = Field(description="Its version.")
    dataset_sha256: str = Field(description="That version's content.")
    engine_version: str = Field(description="The engine that trained.")
    numpy_version: str = Field(description="The NumPy that it stood on.")
    threads: int = Field(description="How many cores were used; no influence on the weights.")
    temperature: float | None = Field(description="What calibrated the probabilities.")
    weights_sha256: str = Field(description="The weights.")
    identical: bool | None = Field(description="Of a replay: whether its weights are the same.")


class JobBody(Body):
    """A training job."""

    id: str = Field(description="Its id.", examples=["job_01j9zq3v5k8m2n4p6r8t0w2y4a"])
    status: JobStatus = Field(description="Where it stands.")
    name: str | None = Field(description="What a person calls it.")
    notes: str | None = Field(description="Anything worth remembering.")
    tags: list[str] = Field(description="Words to find it by.")
    network_id: str | None = Field(description="The stored network that it trains.")
    preset: str | None = Field(description="The preset that its network came from.")
    network: Definition = Field(description="The definition that it trains.")
    config: Config = Field(description="The request, with every default filled in.")
    attempt: int = Field(description="How often it was started; more than once after a crash.")
    queue_position: int | None = Field(description="Its place in the queue, from 1.")
    created_at: Time
    started_at: str | None = Field(description="When it first ran.")
    finished_at: str | None = Field(description="When it ended.")
    history_of_status: list[StatusEntry] = Field(description="Every status so far, oldest first.")
    progress: ProgressBody | None = Field(description="How far it has come.")
    metrics: MetricsBody | None = Field(description="The newest figures.")
    best: BestBody | None = Field(description="The best epoch so far.")
    history: list[EpochBody] = Field(description="The epochs that have ended.")
    stopped_by: StoppedBy | None = Field(
        description="What ended it before its epochs had run out, if anything did."
    )
    model_id: str | None = Field(description="The model that it left.")
    error: JobErrorBody | None = Field(description="Why it has failed.")
    receipt: Annotated[JsonObject, As(ReceiptBody)] | None = Field(
        description="What decided the weights."
    )
    replay_of: str | None = Field(description="The job that it trains again.")
    dataset_version: int = Field(
        description="The version of its dataset when it was submitted: what it trains on."
    )
    sweep_id: str | None = Field(description="The sweep that it is a trial of.")

    @classmethod
    def of(cls, job: Job, model_id: str | None, queue_position: int | None) -> "JobBody":
        own = {name: getattr(job, name) for name in cls.model_fields if hasattr(job, name)}
        own["attempt"] = job.starts
        asked = {name: v for name, v in job.config.items() if name not in INTERNAL_FIELDS}
        own["config"] = {**asked, "network_id": job.network_id, "preset": job.preset}
        own["replay_of"] = job.config.get("replay_of")
        own["dataset_version"] = job.config.get("dataset_version", 1)
        return cls(network=job.definition, model_id=model_id, queue_position=queue_position, **own)


class PlanBody(Body):
    """A job that was only checked."""

    config: Config = Field(description="The request, with every default filled in.")
    network: Definition = Field(description="The definition that it would train.")
    parameters: int = Field(description="How many numbers would be trained.")
    macs: int = Field(description="Multiply-adds a sample.")
    estimate: "JobEstimateBody" = Field(description="What it would cost.")


class JobEstimateBody(Body):
    """What a job would cost on this machine."""

    memory_bytes: int = Field(description="Memory of the training process.")
    seconds: float = Field(description="Time for all its epochs.")


class EventBody(Body):
    """Something that happened to a job."""

    id: int = Field(description="Counts from 1.")
    event: str = Field(description="status, progress, epoch, probe, log or end.")
    at: Time
    data: Any = Field(description="What happened.")

    @classmethod
    def of(cls, event: JobEvent) -> "EventBody":
        return cls(id=event.id, event=event.event, at=event.at, data=event.data)


class EventsBody(Body):
    """A job's events as a list, oldest first."""

    data: list[EventBody] = Field(description="The events.")
    next_after: int = Field(description="Send it as `after` for those that follow.")
