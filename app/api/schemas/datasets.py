"""Bodies of datasets."""

from pydantic import Field

from app.api.schemas.common import Body
from app.store.datasets import Dataset, Split


class DatasetBody(Body):
    """Labelled samples, to train on and to test with."""

    name: str = Field(description="Its name.")
    sample_shape: list[int] = Field(description="The shape of one sample.")
    classes: list[str] = Field(description="The labels.")
    train_samples: int = Field(description="How many there are to train on.")
    test_samples: int = Field(description="How many there are to test with.")
    class_counts: dict[Split, dict[str, int]] = Field(description="How many of each label.")
    version: int = Field(description="Counts its changes.")
    sha256: str = Field(description="Identifies its content.")
    ready: bool = Field(description="Whether it can be used.")

    @classmethod
    def of(cls, dataset: Dataset) -> "DatasetBody":
        own = vars(dataset) | {"sample_shape": list(dataset.sample_shape)}
        return cls(ready=True, **own)


class SampleBody(Body):
    """One labelled sample."""

    index: int = Field(description="Its place in the split, from 0.")
    split: Split = Field(description="Which split.")
    label: str = Field(description="Its class.")
