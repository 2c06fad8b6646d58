"""What a trainer tells of a job to who collects traces: the queue, attempts, epochs."""

from contextlib import AbstractContextManager

from app import traces
from app.domain import clock
from app.domain.records import Job, Json


def of_queue(job: Job) -> None:
    """That a job has waited; not where it goes on after a crash, without having waited again."""
    before, now = job.history_of_status[-2:]
    if before["status"] == "queued":
        traces.past("queue", before["at"], now["at"], _of(job))


def of_attempt(job: Job, trainer: str) -> AbstractContextManager[None]:
    """An attempt, while it lasts."""
    return traces.span("attempt", {**_of(job), "mnistry.trainer": trainer})


def of_epoch(job: Job, entry: Json) -> None:
    """An epoch that has just ended."""
    names = ("epoch", "train_loss", "val_loss", "val_accuracy")
    figures = {f"mnistry.{name}": entry[name] for name in names if entry[name] is not None}
    began = clock.ago(entry["seconds"])
    traces.past("epoch", began, clock.now(), {**_of(job), **figures})


def _of(job: Job) -> traces.Attributes:
    return {"mnistry.job.id": job.id, "mnistry.job.attempt": job.attempt}
