"""A job: what a client asks for, what it becomes with every default filled in, and its states."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.definitions import NetworkDefinition
from app.domain.drawings import Drawing
from app.domain.errors import InvalidInput
from app.domain.presets import PresetName
from app.domain.recipes import Recipe
from app.domain.spec import Spec
from app.domain.text import Name, Notes, ResourceName, Tags
from engine.arrays import Shape

JobStatus = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]

STATUSES: tuple[JobStatus, ...] = get_args(JobStatus)

ENDED: tuple[JobStatus, ...] = ("succeeded", "failed", "cancelled")
"""A job in one of these never changes again."""

CANCELLABLE: tuple[JobStatus, ...] = ("queued", "running", "paused")
"""A job in one of these can be cancelled."""

PAUSABLE: tuple[JobStatus, ...] = ("queued", "running")
"""A job in one of these can be paused."""

StoppedBy = Literal["early_stopping", "max_seconds", "median_stopping"]
"""What ends a training before its epochs have run out, and leaves a model."""

NETWORK_FIELDS = ("network_id", "network", "preset")


@dataclass(frozen=True)
class JobLimits:
    """What jobs may take.

    Attributes:
        queued: How many may wait.
        memory_bytes: Of the process that trains one.
        seconds: Of training, over all of a job's attempts.
    """

    queued: int
    memory_bytes: int
    seconds: int


class StopAfter(Spec):
    """Where a training ended, for another that is to end there too."""

    epoch: Annotated[int, Field(ge=0)] = Field(description="Epochs that were done.")
    step: Annotated[int, Field(ge=0)] = Field(description="Steps of the next that were done.")
    stopped_by: StoppedBy | None = Field(description="What ended it; null: its epochs ran out.")


class JobConfig(Recipe):
    """A job with every default filled in: nothing else decides the weights that it leaves."""

    dataset: ResourceName = Field("mnist", description="The dataset to learn.")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = Field(
        description="Decides initial weights, split, order and every random draw."
    )
    train_samples: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Learn only the first so many training samples."
    )
    max_seconds: Annotated[float, Field(gt=0, le=1e7)] | None = Field(
        None, description="Stop after so many seconds of training; what was learnt is kept."
    )
    alias: ResourceName | None = Field(
        None, description="An alias to move to the model when the job succeeds."
    )
    probe: Drawing | None = Field(
        None, description="A drawing that is read again and again while the network learns."
    )
    init_from: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="A model of the same network to begin from."
    )
    replay_of: str | None = Field(
        None, description="The job that this one trains again, to compare the weights."
    )
    stop_after: StopAfter | None = Field(
        None, description="Where that job ended, and this one does, however long it takes."
    )
    dataset_version: int = Field(1, description="The version of the dataset that it learns.")
    dataset_sha256: str | None = Field(
        None, description="That version's content; None: MNIST, as in the first jobs."
    )


INTERNAL_FIELDS = ("replay_of", "stop_after", "dataset_version", "dataset_sha256")
"""What a config says of a replay and of its dataset: no part of what can be asked for."""


class JobLabels(Spec):
    """What a person says of a job; it changes nothing that the job does."""

    name: Name | None = Field(None, description="What a person calls the job.")
    notes: Notes | None = Field(None, description="Anything worth remembering.")
    tags: Tags = Field(default=[], description="Words to find the job by.")


class JobRequest(Recipe):
    """A training job. Exactly one of `network_id`, `network` and `preset` is required."""

    network_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="A stored network."
    )
    network: NetworkDefinition | None = Field(None, description="A network, inline.")
    preset: PresetName | None = Field(None, description="A network by the name of a preset.")
    name: Name | None = Field(None, description="What a person calls the job.")
    notes: Notes | None = Field(None, description="Anything worth remembering.")
    tags: Tags = Field(default=[], description="Words to find the job by.")
    dataset: ResourceName = Field("mnist", description="The dataset to learn.")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = Field(
        None, description="Decides every random draw; drawn and recorded where there is none."
    )
    train_samples: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Learn only the first so many training samples."
    )
    max_seconds: Annotated[float, Field(gt=0, le=1e7)] | None = Field(
        None, description="Stop after so many seconds of training; what was learnt is kept."
    )
    alias: ResourceName | None = Field(
        None, description="An alias to move to the model when the job succeeds."
    )
    probe: Drawing | None = Field(
        None, description="A drawing that is read again and again while the network learns."
    )
    init_from: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="A model of the same network to begin from, by its id or an alias."
    )
    validate_only: bool = Field(False, description="Only check the request; store nothing.")

    @model_validator(mode="after")
    def _one_network(self) -> Self:
        given = [field for field in NETWORK_FIELDS if getattr(self, field) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "one_network",
                "exactly one of network_id, network and preset is needed, got {given}",
                {"given": " and ".join(given) or "none"},
            )
        return self

    @property
    def network_field(self) -> str:
        """Which of the three fields names the network."""
        return next(field for field in NETWORK_FIELDS if getattr(self, field) is not None)

    def resolve(self, recipe: Recipe, seed: int) -> JobConfig:
        """Fill in what was not sent: from the preset's recipe, and the seed that was drawn."""
        sent = {field: getattr(self, field) for field in self.model_fields_set}
        defaults = {field: getattr(recipe, field) for field in Recipe.model_fields}
        own = {field: sent[field] for field in JobConfig.model_fields if field in sent}
        if own.get("seed") is None:
            own["seed"] = seed
        return JobConfig.model_validate({**defaults, **own})


def check_fit(
    network_field: str,
    config: JobConfig,
    input_shape: Shape,
    output_shape: Shape,
    ends_with: str,
    sample_shape: Shape,
    classes: int,
) -> None:
    """Check that a network can learn a dataset by a loss.

    Args:
        network_field: The field of the request that names the network.
        config: The job.
        input_shape: What the network takes.
        output_shape: What the network gives.
        ends_with: The type of its last layer.
        sample_shape: The shape of the dataset's samples.
        classes: How many classes the dataset has.

    Raises:
        InvalidInput: They do not fit; at the field that would have to change.
    """
    if input_shape != sample_shape:
        raise InvalidInput.at(
            (network_field,),
            f"the network takes samples of shape {list(input_shape)}, those of dataset "
            f"{config.dataset!r} have shape {list(sample_shape)}",
            "shape_mismatch",
        )
    if config.loss.type == "mse" and output_shape == input_shape:
        return
    if output_shape != (classes,):
        raise InvalidInput.at(
            (network_field,),
            f"the network gives outputs of shape {list(output_shape)}, dataset {config.dataset!r} "
            f"has {classes} classes and needs [{classes}]",
            "shape_mismatch",
        )
    if config.loss.type == "cross_entropy" and ends_with != "softmax":
        raise InvalidInput.at(
            (network_field,),
            f"cross_entropy needs probabilities, the network ends with {ends_with}; "
            'add {"type": "softmax"} as its last layer',
            "needs_softmax",
        )
