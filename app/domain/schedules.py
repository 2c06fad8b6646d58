"""How the learning rate changes over a job, as a client chooses it."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field

from app.domain.spec import Spec
from engine import schedules


class ScheduleSpec(Spec):
    type: str
    warmup_epochs: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.0, description="For so long the rate grows linearly from near 0."
    )

    @abstractmethod
    def build(self) -> schedules.Schedule:
        """The engine's schedule."""


class Constant(ScheduleSpec):
    """The base rate throughout."""

    type: Literal["constant"]

    def build(self) -> schedules.Schedule:
        return schedules.Constant(warmup_epochs=self.warmup_epochs)


class Step(ScheduleSpec):
    """Falls by a factor after every so many epochs."""

    type: Literal["step"]
    every: Annotated[float, Field(gt=0, le=10_000)] = Field(
        10.0, description="Epochs between two falls."
    )
    factor: Annotated[float, Field(gt=0, le=1)] = Field(
        0.1, description="What the rate is multiplied by."
    )

    def build(self) -> schedules.Schedule:
        return schedules.Step(self.every, self.factor, warmup_epochs=self.warmup_epochs)


class Exponential(ScheduleSpec):
    """Falls by a factor with every epoch, a little at every step."""

    type: Literal["exponential"]
    factor: Annotated[float, Field(gt=0, le=1)] = Field(
        0.9, description="What the rate is multiplied by in an epoch."
    )

    def build(self) -> schedules.Schedule:
        return schedules.Exponential(self.factor, warmup_epochs=self.warmup_epochs)


class Cosine(ScheduleSpec):
    """From the base rate to 0 along half a cosine."""

    type: Literal["cosine"]

    def build(self) -> schedules.Schedule:
        return schedules.Cosine(warmup_epochs=self.warmup_epochs)


class OneCycle(ScheduleSpec):
    """Up to the base rate and down to nearly nothing, each along half a cosine."""

    type: Literal["one_cycle"]
    rise: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.3, description="The share of the job that goes upwards."
    )

    def build(self) -> schedules.Schedule:
        return schedules.OneCycle(self.rise, warmup_epochs=self.warmup_epochs)


AnySchedule = Annotated[
    Constant | Step | Exponential | Cosine | OneCycle, Field(discriminator="type")
]

SCHEDULES: dict[str, type[ScheduleSpec]] = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "cosine": Cosine,
    "one_cycle": OneCycle,
}
"""Every schedule by its type."""
