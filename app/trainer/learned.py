"""The dataset of a job on its way to the training child, which knows no database.

What comes with the package the child reads itself; every other chunk follows the job through the
pipe, so the trainer holds one at a time. All of it comes before anything is trained.
"""

from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection as PipeEnd

import numpy as np

from app.children import messages
from app.domain.datasets import SPLITS, Dataset, Split
from app.store import chunks, mnist
from app.store.chunks import Examples

Learned = Mapping[Split, Examples]


def describe(dataset: Dataset) -> messages.Message:
    """What a job's message says of its dataset."""
    return {
        "sample_shape": dataset.sample_shape,
        "chunks": {split: dataset.contents[split].chunks for split in SPLITS},
    }


def send(pipe: PipeEnd, dataset: Dataset, fetch: Callable[[str], bytes]) -> None:
    """Send the chunks that a child waits for, in their order."""
    for split in SPLITS:
        for chunk in dataset.contents[split].chunks:
            if chunk.sha256 is not None:
                messages.send(pipe, {"type": "chunk"}, fetch(chunk.sha256))


def receive(pipe: PipeEnd, described: messages.Message) -> Learned:
    """The whole dataset.

    Raises:
        CorruptDataset: What comes with the package is missing or was changed.
    """
    shape = tuple(described["sample_shape"])
    return {split: _split(pipe, split, shape, described["chunks"][split]) for split in SPLITS}


def _split(
    pipe: PipeEnd, split: Split, shape: tuple[int, ...], described: list[tuple[str | None, int]]
) -> Examples:
    if [sha256 for sha256, _ in described] == [None]:
        return mnist.read(split)
    total = sum(samples for _, samples in described)
    images, labels = np.empty((total, *shape), np.uint8), np.empty(total, np.int64)
    first = 0
    for sha256, samples in described:
        if sha256 is None:
            part = mnist.read(split)
        else:
            part = chunks.unpack(messages.receive(pipe)[1], samples, shape)
        images[first : first + samples], labels[first : first + samples] = part.images, part.labels
        first += samples
    return Examples(images, labels)
