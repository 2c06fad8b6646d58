"""Datasets as folders of images: train/<class>/<image> and test/<class>/<image>, zipped.

There may be folders above these. What systems leave behind is passed over (`__MACOSX`, names that
begin with a dot), and so are texts beside the folders; in a class's folder everything is an image.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.datasets import SPLITS, DatasetLimits, Split
from app.domain.errors import UnusableFile, UnusableImage
from app.formats.archive import Archive
from app.formats.dataset import Incoming, ReadImage, Upload, check_size, rows

_SHAPE = (1, 28, 28)
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
_LONGEST_NAME = 120
_LARGEST = 2**24
"""Bytes of an image file: more than a phone's photo has, and no matter in memory."""

_ByClass = Mapping[str, Sequence[str]]


def read(archive: Archive, image: ReadImage, limits: DatasetLimits) -> Upload:
    """The dataset of a zip of folders.

    Raises:
        UnusableFile: It is none, or an entry is not where it should be.
    """
    found: dict[Split, dict[str, list[str]]] = {split: defaultdict(list) for split in SPLITS}
    for name in archive.names:
        place = _place(name)
        if place is not None:
            split, label = place
            found[split][label].append(name)
    if not found["train"]:
        raise UnusableFile(
            "the archive is no dataset: expected x_train.npy and its like, the four IDX files of "
            "MNIST, or images at train/<class>/<image> and test/<class>/<image>"
        )
    classes = _sorted({label for labels in found.values() for label in labels})
    if len(classes) > limits.classes:
        raise UnusableFile(f"at most {limits.classes} classes are taken, got {len(classes)}")
    splits = {split: _incoming(archive, found[split], classes, image) for split in SPLITS}
    for split in SPLITS:
        check_size(f"{split}/", len(splits[split].labels), _SHAPE, limits)
    return Upload(_SHAPE, classes, splits)


def _place(name: str) -> tuple[Split, str] | None:
    """The split and the class that an entry's path says; None where it is to be passed over."""
    parts = name.replace("\\", "/").split("/")
    if not parts[-1] or any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return None
    if len(parts) >= 3:
        label = parts[-2]
        for split in SPLITS:
            if parts[-3].lower() == split:
                if len(label) > _LONGEST_NAME or not label.isprintable():
                    raise UnusableFile(f"entry {name!r:.100}: its folder is no name of a class")
                return split, label
    if parts[-1].lower().endswith(_IMAGES):
        raise UnusableFile(
            f"entry {name!r:.100} is not at train/<class>/<image> or test/<class>/<image>"
        )
    return None


def _sorted(classes: set[str]) -> list[str]:
    """Numbers by their size, other names by the alphabet."""
    if all(name.isdecimal() for name in classes):
        return sorted(classes, key=lambda name: (int(name), name))
    return sorted(classes)


def _incoming(
    archive: Archive, found: _ByClass, classes: Sequence[str], image: ReadImage
) -> Incoming:
    """Every class in turn, so that the first so many samples are of all classes."""
    number = {label: k for k, label in enumerate(classes)}
    turns = sorted(
        (i, number[label], name)
        for label, names in found.items()
        for i, name in enumerate(sorted(names))
    )
    labels = np.array([label for _, label, _ in turns], np.int64)
    return Incoming(labels, _blocks(archive, [name for _, _, name in turns], image))


def _blocks(
    archive: Archive, names: Sequence[str], image: ReadImage
) -> Iterator[NDArray[np.uint8]]:
    step = rows(_SHAPE)
    for first in range(0, len(names), step):
        yield np.stack([_image(archive, name, image) for name in names[first : first + step]])


def _image(archive: Archive, name: str, image: ReadImage) -> NDArray[np.uint8]:
    content = archive.open(name).read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise UnusableFile(f"entry {name!r:.100} is larger than {_LARGEST:,} bytes")
    try:
        return image(content).reshape(_SHAPE)
    except UnusableImage as error:
        raise UnusableFile(f"entry {name!r:.100}: {error}") from error
