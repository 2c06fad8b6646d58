"""Sweeps: what they are, and the conversations about them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from app.client.answers import parse
from app.client.calls import FOLLOWING, Call, Pause, Steps, answered, ask, create
from app.client.errors import TookTooLong
from app.client.jobs import JobOptions, body_of
from app.client.records import Json, Record

LOOK_SECONDS = 1.0


class Trial(Record):
    """One job of a sweep.

    Attributes:
        rank: Its place, from 1; None where there is no figure yet.
        parameters: What differs from the other trials.
        value: The best figure of its epochs.
    """

    rank: int | None
    job_id: str
    status: str
    parameters: Json
    value: float | None


class SweepRecord(Record):
    """Jobs that were started together, as they were when the service was last asked.

    Attributes:
        id: Its id, `swp_...`.
        status: queued, running, succeeded, failed or cancelled.
        metric: What ranks the trials.
        trials: The trials, the best first.
    """

    id: str
    created_at: str
    status: str
    metric: str
    trials: list[Trial]

    @property
    def ended(self) -> bool:
        """Whether it never changes again."""
        return self.status in ("succeeded", "failed", "cancelled")

    def require_best(self) -> str:
        """The id of the job that ranks first.

        Raises:
            ValueError: No trial has a figure yet.
        """
        for trial in self.trials:
            if trial.rank == 1:
                return trial.job_id
        msg = f"sweep {self.id} is {self.status}, and no trial has a figure yet"
        raise ValueError(msg)


AnySweep = TypeVar("AnySweep", bound=SweepRecord)


def path_of(sweep_id: str) -> str:
    return f"/v1/sweeps/{quote(sweep_id, safe='')}"


def start(
    kind: type[AnySweep],
    grid: Mapping[str, Sequence[Any]],
    metric: str,
    max_trials: int,
    grace_epochs: int | None,
    base: JobOptions,
) -> Steps[AnySweep]:
    body: Json = {
        "base": body_of(base),
        "grid": {name: list(values) for name, values in grid.items()},
        "metric": metric,
        "max_trials": max_trials,
    }
    if grace_epochs is not None:
        body["median_stopping"] = {"grace_epochs": grace_epochs}
    return create(kind, "/v1/sweeps", body)


def cancel(kind: type[AnySweep], sweep_id: str) -> Steps[AnySweep]:
    return ask(kind, f"{path_of(sweep_id)}/cancel")


def wait(kind: type[AnySweep], sweep_id: str, timeout: float | None) -> Steps[AnySweep]:
    """Ask until every trial has ended, also while the service is started again.

    Raises:
        TookTooLong: They have not ended in time.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        response = yield from answered(Call("GET", path_of(sweep_id)), FOLLOWING)
        sweep = parse(kind, response)
        if sweep.ended:
            return sweep
        if deadline is not None and time.monotonic() >= deadline:
            raise TookTooLong(f"sweep {sweep_id} is {sweep.status} after {timeout:g} s; it goes on")
        yield Pause(LOOK_SECONDS)
