"""A sweep: the same job again and again, each time with other values from a grid."""

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from copy import deepcopy
from statistics import fmean, median
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.domain.errors import FieldError, InvalidInput
from app.domain.jobs import JobRequest
from app.domain.spec import Spec

MAX_TRIALS = 100
MAX_COMBINATIONS = 100_000

MIN_PEERS = 3
"""The median of fewer trials says too little to stop another by."""

Metric = Literal["val_accuracy", "val_loss", "train_accuracy", "train_loss"]
Path = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[a-z_]+(\.[a-z_]+)*$")]
Values = Annotated[list[JsonValue], Field(min_length=1, max_length=100)]
Parameters = dict[str, Any]
Figures = Sequence[float | None]
"""A trial's metric after each of its epochs, from the first on; None where it was not finite."""


class MedianStopping(Spec):
    """Stop trials that fall behind the others, as Vizier does (Golovin et al., 2017)."""

    grace_epochs: Annotated[int, Field(ge=0, le=10_000)] = Field(
        1, description="Epochs that every trial is given, however far behind it is."
    )

    def stops(self, metric: Metric, trial: Figures, others: Sequence[Figures]) -> bool:
        """Whether a trial is worse, by its best epoch, than most others were on average by now.

        Args:
            metric: What the figures are.
            trial: Its figures so far.
            others: Those of every other trial. One counts if it has come as far, with a figure for
                each of these epochs.
        """
        epochs = len(trial)
        known = [figure for figure in trial if figure is not None]
        if epochs <= self.grace_epochs or not known:
            return False
        peers = [figures[:epochs] for figures in others if len(figures) >= epochs]
        averages = [fmean(whole) for whole in map(_whole, peers) if whole]
        if len(averages) < MIN_PEERS:
            return False
        if metric.endswith("loss"):
            return min(known) > median(averages)
        return max(known) < median(averages)


def _whole(figures: Figures) -> list[float]:
    """The figures, or none of them where one is missing."""
    known = [figure for figure in figures if figure is not None]
    return known if len(known) == len(figures) else []


class SweepRequest(Spec):
    """Which jobs to train, and what to rank them by."""

    base: JobRequest = Field(description="The job that all trials are made of.")
    grid: Annotated[dict[Path, Values], Field(min_length=1, max_length=10)] = Field(
        description="Values by the field that they are for; every combination is a trial.",
        examples=[{"optimizer.learning_rate": [0.001, 0.003], "batch_size": [64, 128]}],
        json_schema_extra={"additionalProperties": False},
    )
    max_trials: Annotated[int, Field(ge=1, le=MAX_TRIALS)] = Field(
        20, description="At most so many combinations are tried; of more, so many are drawn."
    )
    metric: Metric = Field("val_accuracy", description="What ranks the trials.")
    median_stopping: MedianStopping | None = Field(
        None, description="When to stop trials that fall behind the others; null: never."
    )

    @model_validator(mode="after")
    def _few_enough(self) -> Self:
        combinations = math.prod(len(values) for values in self.grid.values())
        if combinations > MAX_COMBINATIONS:
            raise PydanticCustomError(
                "too_many_combinations",
                "the grid has {got} combinations, at most {most} are taken",
                {"got": combinations, "most": MAX_COMBINATIONS},
            )
        return self

    def combinations(self) -> list[Parameters]:
        """What differs from trial to trial; the same draw for the same grid."""
        names = list(self.grid)
        every = [
            dict(zip(names, values, strict=True))
            for values in itertools.product(*self.grid.values())
        ]
        if len(every) <= self.max_trials:
            return every
        drawn = random.Random(0).sample(range(len(every)), self.max_trials)
        return [every[i] for i in sorted(drawn)]

    def trial(self, parameters: Parameters, defaults: Mapping[str, Any]) -> JobRequest:
        """The job of one combination.

        Args:
            parameters: What differs, by its path.
            defaults: The base with every default filled in, where a path goes into what the base
                does not say.

        Raises:
            InvalidInput: A value cannot be had; at its path in the grid.
        """
        body: dict[str, Any] = self.base.model_dump(mode="json", exclude_unset=True)
        body.update(alias=None, validate_only=False)
        for path, value in parameters.items():
            _put(body, path, value, defaults)
        try:
            return JobRequest.model_validate(body)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise InvalidInput([_at_its_path(one, parameters) for one in found]) from error


def _put(body: dict[str, Any], path: str, value: Any, defaults: Mapping[str, Any]) -> None:
    """Set a value; what is on the way to it and was not sent is as by default."""
    *above, last = path.split(".")
    here, known = body, defaults
    for step in above:
        inner = known.get(step)
        if not isinstance(here.get(step), dict):
            here[step] = deepcopy(inner) if isinstance(inner, dict) else {}
        here = here[step]
        known = inner if isinstance(inner, dict) else {}
    here[last] = value


def _at_its_path(error: Any, parameters: Parameters) -> FieldError:
    """An error of a trial, at the entry of the grid that it comes from."""
    steps = [str(step) for step in error["loc"]]
    for path, value in parameters.items():
        if path.rpartition(".")[2] in steps:
            msg = f"{path} = {value!r:.100}: {error['msg']}"
            return FieldError(("grid", path), msg, error["type"])
    return FieldError(("grid",), f"{'.'.join(steps)}: {error['msg']}", error["type"])
