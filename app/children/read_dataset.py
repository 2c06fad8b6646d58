"""A dataset's file, read in a process of its own: both ends of what goes through the pipe.

First what the dataset is and all its labels, then the images of each split a block at a time, as
`app/formats/dataset.py` gives them.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.children import messages, reader
from app.children.readers import NONSENSE, Readers, Reading
from app.domain.datasets import SPLITS, DatasetLimits
from app.domain.errors import UnusableFile
from app.formats import dataset_file
from app.formats.dataset import Incoming, Upload, check_size
from app.vision.sample import as_it_is
from engine.arrays import Shape


@contextmanager
def opened(
    readers: Readers, file: BinaryIO, classes: Sequence[str] | None, limits: DatasetLimits
) -> Iterator[Upload]:
    """The dataset in a file that came from anybody; open as long as its images are read.

    Raises:
        InvalidInput: The classes do not belong to this form.
        UnusableFile: It is no dataset; so may reading its images.
        Overloaded: Too many files are being read.
    """
    order = {"classes": classes, "limits": asdict(limits)}
    with readers.reading(__name__, file, order) as reading:
        try:
            upload = _upload(reading, *reading.receive(), limits)
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableFile(NONSENSE) from error
        yield upload


def _upload(
    reading: Reading, found: messages.Message, content: bytes, limits: DatasetLimits
) -> Upload:
    """What a reader says of a dataset, as far as it is possible."""
    shape: Shape = tuple(map(int, found["sample_shape"]))
    labels = np.frombuffer(content, np.int32).astype(np.int64)
    if labels.min(initial=0) < 0 or labels.max(initial=0) >= len(found["classes"]):
        raise UnusableFile("a label has no class")
    splits = {}
    for split in SPLITS:
        samples = int(found["samples"][split])
        check_size(split, samples, shape, limits)
        own, labels = labels[:samples], labels[samples:]
        splits[split] = Incoming(own, _blocks(reading, samples, shape))
    return Upload(shape, list(map(str, found["classes"])), splits)


def _blocks(reading: Reading, samples: int, shape: Shape) -> Iterator[NDArray[np.uint8]]:
    left = samples
    while True:
        message, content = reading.receive()
        if message["type"] == "end":
            break
        size = math.prod(shape)
        if len(content) % size or len(content) > left * size:
            raise UnusableFile(NONSENSE)
        images = np.frombuffer(content, np.uint8).reshape(-1, *shape)
        left -= len(images)
        yield images
    if left:
        raise UnusableFile(f"a split has {samples - left} of its {samples} images")


def _read(pipe: Connection, file: BinaryIO, order: messages.Message) -> None:
    limits = DatasetLimits(**order["limits"])

    def image(content: bytes) -> NDArray[np.uint8]:
        return as_it_is(content, limits.pixels)

    with dataset_file.opened(file, order["classes"], image, limits) as upload:
        labels = [upload.splits[split].labels for split in SPLITS]
        message = {
            "type": "dataset",
            "sample_shape": upload.sample_shape,
            "classes": upload.classes,
            "samples": {split: len(upload.splits[split].labels) for split in SPLITS},
        }
        messages.send(pipe, message, np.concatenate(labels).astype(np.int32).tobytes())
        for split in SPLITS:
            for images in upload.splits[split].blocks:
                messages.send(pipe, {"type": "block"}, np.ascontiguousarray(images).data.cast("B"))
            messages.send(pipe, {"type": "end"})


if __name__ == "__main__":
    reader.serve(_read)
