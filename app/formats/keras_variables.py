"""The HDF5 file inside a .keras archive: numbers in groups, read without following anything."""

import io
import math
from collections.abc import Iterable, Mapping
from typing import Any

import h5py
import numpy as np

from app.domain.errors import UnusableFile
from app.formats.bundle import MAX_BYTES
from engine.arrays import Array

_BROKEN = (
    *(OSError, RuntimeError, ValueError, TypeError, LookupError),
    *(ArithmeticError, MemoryError, SystemError),  # addresses and sizes that cannot be
)
"""What h5py raises where a file is damaged, or made to look so."""


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
        # Links may lead to the same numbers many times; together they are no more than the file.
        self._left = min(MAX_BYTES, len(content))
        try:
            self._file = h5py.File(io.BytesIO(content), "r")
        except _BROKEN as error:
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
        except _BROKEN as error:
            raise UnusableFile(f"variable {path!r} cannot be read: {error!s:.200}") from error

    def count(self, group: str) -> int:
        """How many variables a layer has."""
        try:
            found = self._find(f"{group}/vars")
            return len(found) if isinstance(found, h5py.Group) else 0
        except (UnusableFile, *_BROKEN):
            return 0

    def _find(self, path: str) -> Any:
        """What is at a path, along links that stay in the file."""
        here = self._file
        for step in path.split("/"):
            if not isinstance(here, h5py.Group):
                raise UnusableFile(f"variable {path!r} is missing")
            link = here.get(step, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise UnusableFile(f"variable {path!r} is missing or somewhere else")
            here = here[step]
        return here

    def _check(self, path: str, dataset: Any) -> None:
        if not isinstance(dataset, h5py.Dataset):
            raise UnusableFile(f"variable {path!r} is missing")
        if dataset.dtype.kind != "f":
            raise UnusableFile(f"variable {path!r} holds {dataset.dtype!s:.50}, expected floats")
        if dataset.shape is None or dataset.is_virtual or dataset.external:
            raise UnusableFile(f"variable {path!r} is empty or somewhere else")
        size = math.prod(dataset.shape) * dataset.dtype.itemsize
        # Keras packs nothing, and what is not packed is as large as it claims to be.
        if dataset.chunks is not None or dataset.id.get_storage_size() != size:
            raise UnusableFile(f"variable {path!r} is packed, or not all of it is there")
        self._left -= size
        if self._left < 0:
            raise UnusableFile(f"variable {path!r} claims shape {list(dataset.shape)[:8]}")
