"""A dataset's file in whichever form it is, told apart by the names of its entries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from app.domain.datasets import DatasetLimits
from app.domain.errors import InvalidInput
from app.formats import dataset_folders, dataset_idx, dataset_npz
from app.formats.archive import Archive
from app.formats.dataset import ReadImage, Upload, bounds


@contextmanager
def opened(
    file: BinaryIO, classes: Sequence[str] | None, image: ReadImage, limits: DatasetLimits
) -> Iterator[Upload]:
    """The dataset in a file that came from anybody; open as long as its images are read.

    Args:
        file: npz, or a zip of IDX files or of folders.
        classes: What the client calls them, where a form numbers them only.
        image: Makes a sample of an encoded image.
        limits: The largest dataset.

    Raises:
        InvalidInput: The classes do not belong to this form.
        UnusableFile: It is no dataset; so may reading its images.
    """
    with Archive(file, bounds(limits)) as archive:
        names = archive.names
        idx = dataset_idx.files(names)
        if any(f"{array}.npy" in names for array in dataset_npz.ARRAYS):
            yield dataset_npz.read(archive, classes, limits)
        elif idx:
            yield dataset_idx.read(archive, idx, classes, limits)
        elif classes is not None:
            msg = "a zip of folders names its classes itself; leave them out"
            raise InvalidInput.at(("classes",), msg, "classes_twice")
        else:
            yield dataset_folders.read(archive, image, limits)
