"""How far a run is: what it tells its caller after every step, and all that it needs to go on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.arrays import Array


@dataclass
class Position:
    """Where a run stands: epochs and steps that are done, and the sums over the current epoch."""

    epoch: int = 0
    step: int = 0
    seen: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    norm_sum: float = 0.0
    learning_rate: float = 0.0
    gradient_norm: float = 0.0
    best_epoch: int = 0
    best_value: float | None = None
    stopped: bool = False


@dataclass(frozen=True)
class State:
    """Everything that a run needs to go on: numbers for JSON, and flat arrays by name."""

    position: Mapping[str, Any]
    arrays: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class StepDone:
    """A batch has been learnt; `loss` and `accuracy` are means over the epoch so far.

    Attributes:
        epoch: The epoch, from 1.
        step: The step within it, from 1.
        steps: Steps of an epoch.
        seen: Samples of the epoch so far.
        loss: The mean training loss.
        accuracy: The mean training accuracy; None where there are no classes.
        learning_rate: The rate of this step.
        gradient_norm: The norm of this step's gradient, before it was clipped.
    """

    epoch: int
    step: int
    steps: int
    seen: int
    loss: float
    accuracy: float | None
    learning_rate: float
    gradient_norm: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """An epoch has ended and was validated (None where nothing is held out, or has no classes).

    Attributes:
        epoch: The epoch, from 1.
        train_loss: The mean over the epoch, while its weights were moving.
        train_accuracy: The same of the accuracy.
        val_loss: The loss on the samples that are held out.
        val_accuracy: The accuracy on them.
        learning_rate: The rate of the last step.
        gradient_norm: The mean norm of the gradients.
        best_epoch: The epoch with the best validation so far.
        stopped: Whether training ends here because its patience did.
    """

    epoch: int
    train_loss: float
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    gradient_norm: float
    best_epoch: int
    stopped: bool


Event = StepDone | EpochDone
