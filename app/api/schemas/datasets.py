"""Bodies of datasets."""

from pydantic import Field

from app.api.schemas.common import Body, Time
from app.domain.datasets import Dataset, Split


class DuplicatesBody(Body):
    """Samples that are there already, by the hash of their image."""

    train: int = Field(description="Training samples that are the same as an earlier one.")
    test: int = Field(description="Test samples that are the same as an earlier one.")
    between: int = Field(description="Test samples that are training samples too.")


class ChecksBody(Body):
    """What a look at the samples has shown."""

    imbalance: float | None = Field(
        description="How many times the smallest class's training samples the largest has; null "
        "where there are none."
    )
    empty_classes: dict[Split, list[str]] = Field(description="Classes without a sample.")
    duplicates: DuplicatesBody = Field(description="Samples that are there already.")


class DatasetBody(Body):
    """Labelled samples, to train on and to test with."""

    name: str = Field(description="Its name.")
    created_at: Time
    sample_shape: list[int] = Field(description="The shape of one sample.")
    classes: list[str] = Field(description="The labels, in the order of a network's outputs.")
    train_samples: int = Field(description="How many there are to train on.")
    test_samples: int = Field(description="How many there are to test with.")
    class_counts: dict[Split, dict[str, int]] = Field(description="How many of each label.")
    version: int = Field(description="Counts its changes, from 1.")
    sha256: str = Field(description="Identifies its content: of equal datasets it is equal.")
    ready: bool = Field(description="Whether it can be trained on.")
    checks: ChecksBody = Field(description="What a look at its samples has shown.")
    warnings: list[str] = Field(description="What to know before training on it, in words.")

    @classmethod
    def of(cls, dataset: Dataset) -> "DatasetBody":
        checks = ChecksBody(
            imbalance=dataset.imbalance,
            empty_classes=dataset.empty_classes,
            duplicates=DuplicatesBody(**dataset.duplicates._asdict()),
        )
        own = {name: getattr(dataset, name) for name in cls.model_fields if hasattr(dataset, name)}
        own |= {"sample_shape": list(dataset.sample_shape), "warnings": dataset.warnings()}
        return cls(ready=dataset.train_samples > 0, checks=checks, **own)


class SampleBody(Body):
    """One labelled sample."""

    index: int = Field(description="Its place in the split, from 0.")
    split: Split = Field(description="Which split.")
    label: str = Field(description="Its class.")


class NewSampleBody(SampleBody):
    """A sample that was added, and what its dataset is with it."""

    version: int = Field(description="The dataset's version that has it.")
    sha256: str = Field(description="That version's content.")
    warnings: list[str] = Field(
        description="What was noticed of the image, as in predictions; `duplicate` where the same "
        "was there before."
    )
