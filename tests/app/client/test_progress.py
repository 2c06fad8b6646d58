"""Progress: a bar on a terminal, elsewhere one line at the end."""

import io

from app.client.jobs import JobRecord
from app.client.progress import Progress

PROGRESS = {"epoch": 2, "epochs": 4, "step": 30, "steps": 60, "fraction": 0.5, "eta_seconds": 12.2}
RUNNING = {
    "id": "job_1",
    "status": "running",
    "config": {},
    "created_at": "2026-11-26T00:00:00Z",
    "progress": PROGRESS,
    "metrics": {"train_loss": 0.25, "val_accuracy": 0.981},
}
ENDED = {**RUNNING, "status": "succeeded", "model_id": "mdl_1"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO) -> str:
    progress = Progress(stream)
    for body in (RUNNING, ENDED):
        progress.show(JobRecord.model_validate(body))
    return stream.getvalue()


def test_a_terminal_shows_a_bar_that_ends_in_a_line() -> None:
    first, last = shown(Terminal()).removeprefix("\r\x1b[K").split("\r\x1b[K")

    assert f"[{'#' * 15}{'.' * 15}] epoch 2/4" in first
    assert "train_loss 0.2500" in first
    assert "12 s left" in first
    assert last.startswith("job_1 succeeded")
    assert last.endswith("model mdl_1\n")


def test_elsewhere_there_is_one_line() -> None:
    (line,) = shown(io.StringIO()).splitlines()

    assert line == "job_1 succeeded  train_loss 0.2500  val_accuracy 98.10%  model mdl_1"
