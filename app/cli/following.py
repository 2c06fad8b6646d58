"""A job on the terminal, as it trains: how far it is, and the curve of its loss."""

from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.interruption import ends_only_following
from app.cli.output import note, percent, shown, table, write, write_json
from app.cli.sparkline import sparkline

if TYPE_CHECKING:
    from app.client import Event, Job


def follow(job: "Job", url: str | None, *, as_json: bool) -> None:
    """Show a job until it has ended, then what came of it; a failure is exit code 1.

    Ctrl-C ends only this.
    """
    with ends_only_following(job.id, ["mnistry", "jobs", "follow", job.id], url):
        if not as_json:
            with Display(job.id) as display:
                for event in job.events():
                    display.show(event)
        job.wait(check=False)
    if as_json:
        write_json(job.as_json())
    else:
        write_outcome(job)
    if job.status != "succeeded":
        raise typer.Exit(1)


def write_outcome(job: "Job") -> None:
    """A job's epochs, and what is left of it."""
    if job.history:
        columns = ("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds")
        rows = [[getattr(epoch, name) for name in columns] for epoch in job.history]
        table(columns, rows)
    write(f"{job.id} {job.status}")
    if job.model_id is not None:
        write(_model_line(job.model_id, job.model().metrics.test_accuracy))
    if job.error is not None:
        write(f"{job.error['title']}: {job.error['detail']}")
        if job.error.get("suggestion"):
            write("A job that is likely to work:")
            write_json(job.error["suggestion"])


def _model_line(model_id: str, accuracy: float | None) -> str:
    reads = "" if accuracy is None else f" reads {percent(accuracy)} of the test samples right"
    return f"{model_id}{reads}"


class Display:
    """A progress bar on a terminal, a line an epoch elsewhere; on stderr, beside the answer."""

    def __init__(self, job_id: str) -> None:
        console = Console(stderr=True)
        self._lines = not console.is_terminal
        self._losses: list[float] = []
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            disable=self._lines,
            transient=True,
        )
        self._task = self._progress.add_task(job_id, total=1.0, figures="")

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: "Event") -> None:
        """Take in what has happened."""
        data = event.data
        if event.event == "snapshot":
            self._losses += [
                e["train_loss"] for e in data["history"] if e["train_loss"] is not None
            ]
            self._status(data["status"])
        elif event.event == "status":
            self._status(data["status"])
        elif event.event == "progress":
            self._advance(data)
        elif event.event == "epoch" and self._lines:
            note(f"epoch {data['epoch']}  {_figures(data)}")

    def _status(self, status: str) -> None:
        self._progress.update(self._task, description=status)
        if self._lines:
            note(status)

    def _advance(self, data: dict[str, Any]) -> None:
        if data.get("train_loss") is not None:
            self._losses.append(data["train_loss"])
        figures = f"loss {sparkline(self._losses)} {_figures(data)}"
        self._progress.update(
            self._task,
            completed=data["fraction"],
            description=f"epoch {data['epoch']}/{data['epochs']}",
            figures=figures,
        )


def _figures(data: dict[str, Any]) -> str:
    loss, accuracy = data.get("train_loss"), data.get("val_accuracy")
    said = [shown(loss)] if loss is not None else []
    return "  ".join([*said, *([f"reads {percent(accuracy)}"] if accuracy is not None else [])])
