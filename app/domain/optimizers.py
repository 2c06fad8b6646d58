"""What moves the weights, as a client chooses it; the fields are the engine's arguments."""

from abc import abstractmethod
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.spec import Share, Spec
from engine import optimizers

Rate = Annotated[float, Field(gt=0, le=1e9)]
Epsilon = Annotated[float, Field(gt=0, le=1, description="Keeps the division finite.")]

_RATE = "The base rate, which the schedule scales."


class OptimizerSpec(Spec):
    type: str
    learning_rate: Rate = Field(0.001, description=_RATE)
    weight_decay: Annotated[float, Field(ge=0, le=100)] = Field(
        0.0, description="This share of each parameter is added to its gradient."
    )
    clip_norm: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        None, description="The longest gradient allowed; a longer one is scaled down to it."
    )

    @abstractmethod
    def build(self) -> optimizers.Optimizer:
        """The engine's optimizer."""

    def _arguments(self) -> dict[str, Any]:
        """Everything that was chosen, as the engine's constructors name it."""
        return self.model_dump(exclude={"type"})


class SGD(OptimizerSpec):
    """Gradient descent, with momentum if wanted."""

    type: Literal["sgd"]
    learning_rate: Rate = Field(0.01, description=_RATE)
    momentum: Share = Field(0.0, description="How much of the last step goes on.")
    nesterov: bool = Field(False, description="Whether momentum looks ahead.")

    @model_validator(mode="after")
    def _momentum_to_look_along(self) -> Self:
        if self.nesterov and self.momentum == 0:
            raise PydanticCustomError(
                "nesterov_needs_momentum",
                "nesterov looks ahead along the momentum, which is 0; set momentum, as to 0.9",
            )
        return self

    def build(self) -> optimizers.Optimizer:
        return optimizers.SGD(**self._arguments())


class Adagrad(OptimizerSpec):
    """Rates that fall with all the gradient that a parameter has seen."""

    type: Literal["adagrad"]
    learning_rate: Rate = Field(0.01, description=_RATE)
    epsilon: Epsilon = 1e-10

    def build(self) -> optimizers.Optimizer:
        return optimizers.Adagrad(**self._arguments())


class RMSprop(OptimizerSpec):
    """Steps scaled by a running mean of the squared gradient."""

    type: Literal["rmsprop"]
    decay: Share = Field(0.99, description="The memory of the mean squared gradient.")
    epsilon: Epsilon = 1e-8

    def build(self) -> optimizers.Optimizer:
        return optimizers.RMSprop(**self._arguments())


class Adam(OptimizerSpec):
    """Steps scaled by running means of the gradient and of its square."""

    type: Literal["adam"]
    beta1: Share = Field(0.9, description="The memory of the mean gradient.")
    beta2: Share = Field(0.999, description="The memory of the mean squared gradient.")
    epsilon: Epsilon = 1e-8

    def build(self) -> optimizers.Optimizer:
        return optimizers.Adam(**self._arguments())


class AdamW(OptimizerSpec):
    """Adam whose weight decay shrinks the weights themselves, whatever their gradients."""

    type: Literal["adamw"]
    weight_decay: Annotated[float, Field(ge=0, le=100)] = Field(
        0.01, description="The share of each parameter that is taken off, times the rate."
    )
    beta1: Share = Field(0.9, description="The memory of the mean gradient.")
    beta2: Share = Field(0.999, description="The memory of the mean squared gradient.")
    epsilon: Epsilon = 1e-8

    def build(self) -> optimizers.Optimizer:
        return optimizers.AdamW(**self._arguments())


AnyOptimizer = Annotated[SGD | Adagrad | RMSprop | Adam | AdamW, Field(discriminator="type")]

OPTIMIZERS: dict[str, type[OptimizerSpec]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
"""Every optimizer by its type."""
