"""How far a job has come: a bar on a terminal; elsewhere one line when it has ended."""

from typing import TextIO

from app.client.jobs import JobRecord

WIDTH = 30


class Progress:
    """Shows a job that is asked for again and again.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar = stream.isatty()

    def show(self, job: JobRecord) -> None:
        if self._bar:
            self._stream.write(f"\r\x1b[K{bar(job)}" + ("\n" if job.ended else ""))
        elif job.ended:
            self._stream.write(f"{summary(job)}\n")
        self._stream.flush()


def bar(job: JobRecord) -> str:
    """The line on a terminal."""
    if job.progress is None or job.ended:
        return summary(job)
    at = job.progress
    full = round(WIDTH * at.fraction)
    parts = [f"[{'#' * full}{'.' * (WIDTH - full)}] epoch {at.epoch}/{at.epochs}", *figures(job)]
    if at.eta_seconds is not None:
        parts.append(f"{at.eta_seconds:.0f} s left")
    return "  ".join(parts)


def summary(job: JobRecord) -> str:
    """Where a job stands, in a line."""
    parts = [f"{job.id} {job.status}", *figures(job)]
    if job.queue_position is not None:
        parts.append(f"place {job.queue_position} in the queue")
    if job.error is not None:
        parts.append(str(job.error["title"]))
    if job.model_id is not None:
        parts.append(f"model {job.model_id}")
    return "  ".join(parts)


def figures(job: JobRecord) -> list[str]:
    """The newest of its figures that are known."""
    if job.metrics is None:
        return []
    known = {"train_loss": "{:.4f}", "val_accuracy": "{:.2%}"}
    values = {name: getattr(job.metrics, name) for name in known}
    return [f"{n} {known[n].format(v)}" for n, v in values.items() if v is not None]
