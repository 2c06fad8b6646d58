"""How to train: what a client may choose, each a JSON Schema that builds its engine object."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field

from app.domain.spec import Spec
from engine import losses, optimizers, schedules

Rate = Annotated[float, Field(gt=0, le=100)]
Share = Annotated[float, Field(ge=0, lt=1)]


class LossSpec(Spec):
    @abstractmethod
    def build(self) -> losses.Loss:
        """The engine's loss."""


class CrossEntropy(LossSpec):
    """How improbable the right class was: for classifiers."""

    type: Literal["cross_entropy"]
    label_smoothing: Share = Field(
        0.0, description="The share of each label that is spread over all classes."
    )

    def build(self) -> losses.Loss:
        return losses.CrossEntropy(self.label_smoothing)


class MeanSquaredError(LossSpec):
    """The mean squared difference; a network with outputs like its inputs learns its input."""

    type: Literal["mse"]

    def build(self) -> losses.Loss:
        return losses.MeanSquaredError()


AnyLoss = Annotated[CrossEntropy | MeanSquaredError, Field(discriminator="type")]


class OptimizerSpec(Spec):
    learning_rate: Rate = Field(0.001, description="The base rate, which the schedule scales.")
    weight_decay: Annotated[float, Field(ge=0, le=100)] = Field(
        0.0, description="This share of each parameter is added to its gradient."
    )
    clip_norm: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        None, description="The longest gradient allowed; a longer one is scaled down to it."
    )

    @abstractmethod
    def build(self) -> optimizers.Optimizer:
        """The engine's optimizer."""


class SGD(OptimizerSpec):
    """Gradient descent, with momentum if wanted."""

    type: Literal["sgd"]
    learning_rate: Rate = Field(0.01, description="The base rate, which the schedule scales.")
    momentum: Share = Field(0.0, description="How much of the last step goes on.")
    nesterov: bool = Field(False, description="Whether momentum looks ahead.")

    def build(self) -> optimizers.Optimizer:
        return optimizers.SGD(
            self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov and self.momentum > 0,
            weight_decay=self.weight_decay,
            clip_norm=self.clip_norm,
        )


class Adam(OptimizerSpec):
    """Steps scaled by running means of the gradient and of its square."""

    type: Literal["adam"]
    beta1: Share = Field(0.9, description="The memory of the mean gradient.")
    beta2: Share = Field(0.999, description="The memory of the mean squared gradient.")
    epsilon: Annotated[float, Field(gt=0, le=1)] = Field(
        1e-8, description="Keeps the division finite."
    )

    def build(self) -> optimizers.Optimizer:
        return optimizers.Adam(
            self.learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            clip_norm=self.clip_norm,
        )


AnyOptimizer = Annotated[SGD | Adam, Field(discriminator="type")]


class ScheduleSpec(Spec):
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


class Cosine(ScheduleSpec):
    """From the base rate to 0 along half a cosine."""

    type: Literal["cosine"]

    def build(self) -> schedules.Schedule:
        return schedules.Cosine(warmup_epochs=self.warmup_epochs)


AnySchedule = Annotated[Constant | Cosine, Field(discriminator="type")]


class EarlyStopping(Spec):
    """Stop when validation no longer improves, and go back to the best weights."""

    patience: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="How many epochs without a better validation are waited for."
    )


class Recipe(Spec):
    """Everything that decides how a network is trained, with every default filled in."""

    epochs: Annotated[int, Field(ge=1, le=10_000)] = Field(
        5, description="Passes over the training samples."
    )
    batch_size: Annotated[int, Field(ge=1, le=4096)] = Field(128, description="Samples a step.")
    optimizer: AnyOptimizer = Field(
        default=Adam(type="adam"), description="What moves the weights."
    )
    schedule: AnySchedule = Field(
        default=Constant(type="constant"), description="How the learning rate changes."
    )
    loss: AnyLoss = Field(
        default=CrossEntropy(type="cross_entropy"), description="What is made small."
    )
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.1, description="The share of the training samples that is held out to validate on."
    )
    early_stopping: EarlyStopping | None = Field(None, description="When to stop early, if at all.")


LOSSES: dict[str, type[LossSpec]] = {"cross_entropy": CrossEntropy, "mse": MeanSquaredError}
OPTIMIZERS: dict[str, type[OptimizerSpec]] = {"sgd": SGD, "adam": Adam}
SCHEDULES: dict[str, type[ScheduleSpec]] = {"constant": Constant, "cosine": Cosine}
