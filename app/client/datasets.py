"""Datasets: what they are, and the conversations about them."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from app.client.calls import Call, Steps, answered, create
from app.client.inputs import Input, as_image
from app.client.records import Record


class Dataset(Record):
    """Labelled samples, to train on and to test with.

    Attributes:
        sample_shape: The shape of one sample: channels, height, width.
        classes: The labels.
        class_counts: How many there are of each label, by split.
        version: Counts its changes.
        sha256: Identifies its content.
        ready: Whether it can be trained on.
    """

    name: str
    sample_shape: list[int]
    classes: list[str]
    train_samples: int
    test_samples: int
    class_counts: dict[str, dict[str, int]]
    version: int
    sha256: str
    ready: bool


class Sample(Record):
    """Where one labelled sample is: its place in a split, from 0."""

    index: int
    split: str
    label: str


def path_of(name: str) -> str:
    return f"/v1/datasets/{quote(name, safe='')}"


def make(
    name: str,
    copy_of: str | None,
    sample_shape: Sequence[int] | None,
    classes: Sequence[str] | None,
) -> Steps[Dataset]:
    said = {"name": name, "from": copy_of, "sample_shape": sample_shape, "classes": classes}
    body = {field: value for field, value in said.items() if value is not None}
    return create(Dataset, "/v1/datasets", body)


def upload(name: str, file: str | Path) -> Steps[Dataset]:
    path = Path(file)
    content = (path.name, path.read_bytes())
    return create(Dataset, "/v1/datasets", form={"name": name}, files=[("file", content)])


def add_sample(name: str, image: Input, label: str, split: str) -> Steps[Sample]:
    path = f"{path_of(name)}/samples?split={quote(split)}"
    return create(Sample, path, form={"label": label}, files=[("file", as_image(image))])


def png(name: str, index: int, split: str) -> Steps[httpx.Response]:
    path = f"{path_of(name)}/samples/{index}"
    return answered(Call("GET", path, params={"split": split}))
