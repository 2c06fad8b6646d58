"""Bodies of models, aliases and evaluations."""

from typing import Literal

from pydantic import Field

from app.api.schemas.common import Body, JsonObject, Time
from app.api.schemas.networks import Definition
from app.domain.records import Alias, Model
from app.domain.spec import Spec
from app.domain.text import ResourceName


class ModelMetrics(Body):
    """What it is worth on the test split."""

    test_accuracy: float | None = Field(description="The share that it reads right.")
    test_loss: float | None = Field(description="The mean loss.")
    calibration_error: float | None = Field(
        description="How far confidence and accuracy are apart, on average."
    )


class ModelBody(Body):
    """A network with its trained weights."""

    id: str = Field(description="Its id.", examples=["mdl_01j9zq3v5k8m2n4p6r8t0w2y4a"])
    name: str | None = Field(description="What a person calls it: the name of its job.")
    job_id: str | None = Field(description="The job that left it; null for an imported one.")
    network_id: str | None = Field(description="The stored network.")
    network: Definition = Field(description="Its definition.")
    dataset: str | None = Field(description="What it has learnt; null where that is not known.")
    classes: list[str] = Field(description="The labels, in the order of its outputs.")
    parameters: int = Field(description="How many numbers were trained.")
    created_at: Time
    size_bytes: int = Field(description="The size of its weights.")
    sha256: str = Field(description="The SHA-256 of its weights.")
    preprocessing: JsonObject = Field(description="What its input was turned into.")
    metrics: ModelMetrics = Field(description="What it is worth on the test split.")
    ready: bool = Field(True, description="It can be asked: what KServe's V1 protocol wants said.")

    @classmethod
    def of(cls, model: Model) -> "ModelBody":
        own = {name: getattr(model, name) for name in cls.model_fields if hasattr(model, name)}
        return cls(**own | {"network": model.definition, "dataset": model.dataset or None})


class EvaluationRequest(Spec):
    """On what a model is to be evaluated."""

    dataset: ResourceName = Field("mnist", description="The dataset.")
    split: Literal["train", "test"] = Field("test", description="Which part of it.")


class ClassBody(Body):
    """How one class fares."""

    label: str = Field(description="The class.")
    precision: float = Field(description="Of what was taken for it, how much was.")
    recall: float = Field(description="Of what was it, how much was found.")
    f1: float = Field(description="The harmonic mean of the two.")
    support: int = Field(description="How many samples it has.")


class BinBody(Body):
    """The predictions whose confidence lies between two bounds."""

    from_: float = Field(alias="from", description="The lower bound, exclusive.")
    to: float = Field(description="The upper bound, inclusive.")
    count: int = Field(description="How many.")
    confidence: float = Field(description="Their mean confidence.")
    accuracy: float = Field(description="The share of them that is right.")


class CalibrationBody(Body):
    """Whether the model is right as often as it says."""

    bins: list[BinBody] = Field(description="By confidence.")
    expected_error: float = Field(description="The mean distance of the two.")


class MistakeBody(Body):
    """A sample whose own class was found improbable."""

    index: int = Field(description="Its place in the split.")
    label: str = Field(description="What it is.")
    predicted: str = Field(description="What was read.")
    probability: float = Field(description="How probable its own class was found.")
    confidence: float = Field(description="How probable what was read was found.")


class EvaluationBody(Body):
    """What a model is worth on a split."""

    accuracy: float = Field(description="The share that it reads right.")
    loss: float = Field(description="The mean cross-entropy.")
    samples: int = Field(description="How many samples there are.")
    confusion_matrix: list[list[int]] = Field(description="Rows are true classes.")
    per_class: list[ClassBody] = Field(description="Class by class.")
    calibration: CalibrationBody = Field(description="Whether it is right as often as it says.")
    worst: list[MistakeBody] = Field(description="The worst samples, worst first.")
    mistakes: list[MistakeBody] = Field(description="Every misread sample, worst first.")


class ComparedBody(Body):
    """One of two models."""

    model_id: str = Field(description="The model.")
    accuracy: float = Field(description="The share that it reads right.")


class DifferenceBody(Body):
    """A sample of which two models say different things."""

    index: int = Field(description="Its place in the split.")
    label: str = Field(description="What it is.")
    a: str = Field(description="What the first reads.")
    b: str = Field(description="What the second reads.")


class ComparisonBody(Body):
    """Two models on the same samples."""

    a: ComparedBody = Field(description="The first.")
    b: ComparedBody = Field(description="The second.")
    both_right: int = Field(description="Samples that both read right.")
    both_wrong: int = Field(description="Samples that neither does.")
    only_a_right: int = Field(description="Samples that the first alone does.")
    only_b_right: int = Field(description="Samples that the second alone does.")
    p_value: float = Field(
        description="How probable so large a difference is where there is none (McNemar, exact)."
    )
    disagreements: list[int] = Field(
        description="Indices of the samples of which they say different things."
    )
    differences: list[DifferenceBody] = Field(
        description="The same samples, with what they are and what each model says."
    )


class AliasRequest(Spec):
    """Where an alias is to point."""

    model_id: str = Field(description="The id of a model.", max_length=64)


class PastBody(Body):
    """A model that an alias named before."""

    model_id: str = Field(description="The model.")
    from_: str = Field(alias="from", description="Since when.")
    until: str = Field(description="Until when.")


class AliasBody(Body):
    """A name that serves wherever a model id does."""

    alias: str = Field(description="The name.")
    model_id: str = Field(description="The model that it names.")
    updated_at: Time
    past: list[PastBody] = Field(description="The models that it named before, newest first.")

    @classmethod
    def of(cls, alias: Alias) -> "AliasBody":
        return cls.model_validate(vars(alias))
