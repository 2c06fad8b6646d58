"""How to train: everything that a client may choose, in one body."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.domain.augmentation import Augmentation
from app.domain.losses import AnyLoss, CrossEntropy
from app.domain.optimizers import Adam, AnyOptimizer
from app.domain.schedules import AnySchedule, Constant
from app.domain.spec import Share, Spec
from engine.plan import Plan


class EarlyStopping(Spec):
    """Stop when validation no longer improves, and go back to the best weights."""

    patience: Annotated[int, Field(ge=1, le=1000)] = Field(
        description="How many epochs without a better validation are waited for."
    )


def _as_the_preset_has_it(schema: dict[str, Any]) -> None:
    """What is not sent is as the preset's recipe has it: a client must not fill in a default."""
    for name in Recipe.model_fields:
        schema["properties"][name].pop("default", None)


class Recipe(Spec):
    """Everything that decides how a network is trained, with every default filled in."""

    model_config = ConfigDict(json_schema_extra=_as_the_preset_has_it)

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
    augmentation: Augmentation | None = Field(
        None, description="How training images are changed; null: not at all."
    )
    ema: Share | None = Field(
        None,
        description="End with an exponential moving average of the weights, which keeps this "
        "share of itself at every step; null: with the weights of the last step.",
    )
    validation_split: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.1, description="The share of the training samples that is held out to validate on."
    )
    early_stopping: EarlyStopping | None = Field(None, description="When to stop early, if at all.")

    def plan(self, seed: int, threads: int) -> Plan:
        """The engine's plan of this recipe."""
        return Plan(
            optimizer=self.optimizer.build(),
            schedule=self.schedule.build(),
            augmentation=None if self.augmentation is None else self.augmentation.build(),
            epochs=self.epochs,
            batch_size=self.batch_size,
            validation_split=self.validation_split,
            patience=None if self.early_stopping is None else self.early_stopping.patience,
            ema=self.ema,
            seed=seed,
            threads=threads,
        )
