"""What training makes small, as a client chooses it."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field

from app.domain.spec import Share, Spec
from engine import losses


class LossSpec(Spec):
    type: str

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

LOSSES: dict[str, type[LossSpec]] = {"cross_entropy": CrossEntropy, "mse": MeanSquaredError}
"""Every loss by its type."""
