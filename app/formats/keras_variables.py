"""The HDF5 file inside a .keras archive: numbers in groups, read without following anything."""

import io
import math
from collections.abc import Iterable, Mapping

import h5py
import numpy as np

from app.domain.errors import UnusableFile
from app.formats.archive import MAX_RATIO
from engine.arrays import Array


def write(variables: Mapping[str, Array], groups: Iterable[str]) -> bytes:
    """A file of these arrays by their paths; every group is there, if with nothing in it."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for group in ("vars", *(f"layers/{name}/vars" for name in groups)):
            file.require_group(group)
        for path, array in variables.items():
            file.create_dataset(path, data=np.ascontiguousarray(array), track_times=False)
    return out.getvalue()


class Variables:
    """A file that came from anybody.

    Args:
        content: The file.

    Raises:
        UnusableFile: It is none.
    """

    def __init__(self, content: bytes) -> None:
        self._left = MAX_RATIO * len(content)
        try:
            self._file = h5py.File(io.BytesIO(content), "r")
        except (OSError, ValueError, RuntimeError) as error:
            raise UnusableFile("model.weights.h5 is not an HDF5 file") from error

    def read(self, path: str) -> Array:
        """The array at a path of plain groups.

        Raises:
            UnusableFile: There is none, or not of numbers that are in this file.
        """
        try:
            dataset = self._find(path)
            self._check(path, dataset)
            return np.asarray(dataset[()])
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, MemoryError) as error:
            raise UnusableFile(f"variable {path!r} cannot be read: {error!s:.200}") from error

    def count(self, group: str) -> int:
        """How many variables a layer has."""
        number = 0
        while self._has(f"{group}/vars/{number}"):
            number += 1
        return number

    def _has(self, path: str) -> bool:
        try:
            self._find(path)
        except (UnusableFile, KeyError, OSError, ValueError, RuntimeError):
            return False
        return True

    def _find(self, path: str) -> h5py.Dataset:
        here: h5py.Group = self._file
        for step in path.split("/"):
            if not isinstance(here, h5py.Group):
                raise UnusableFile(f"variable {path!r} is missing")
            link = here.get(step, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise UnusableFile(f"variable {path!r} is missing or somewhere else")
            here = here[step]
        if not isinstance(here, h5py.Dataset):
            raise UnusableFile(f"variable {path!r} is missing")
        return here

    def _check(self, path: str, dataset: h5py.Dataset) -> None:
        if dataset.dtype.kind != "f":
            raise UnusableFile(f"variable {path!r} holds {dataset.dtype!s:.50}, expected floats")
        if dataset.shape is None or dataset.is_virtual or dataset.external:
            raise UnusableFile(f"variable {path!r} is empty or somewhere else")
        self._left -= math.prod(dataset.shape) * dataset.dtype.itemsize
        if self._left < 0:
            raise UnusableFile(f"variable {path!r} claims shape {list(dataset.shape)[:8]}")
