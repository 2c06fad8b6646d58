"""Datasets as the files that a person has, for tests that send them or read them."""

import gzip
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Images = NDArray[np.uint8]


def images(count: int, seed: int = 0, shape: tuple[int, ...] = (28, 28)) -> Images:
    """Noise, no two alike."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def arrays(train: int = 40, test: int = 20) -> dict[str, Any]:
    """A dataset of noise as an npz has it: ten classes in turn."""
    return {
        "x_train": images(train, 1),
        "y_train": np.arange(train) % 10,
        "x_test": images(test, 2),
        "y_test": np.arange(test) % 10,
    }


def npz(content: Mapping[str, Any]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **content)
    return out.getvalue()


def zipped(entries: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def idx(values: NDArray[Any]) -> bytes:
    """An array of bytes as an IDX file."""
    header = bytes((0, 0, 8, values.ndim)) + np.array(values.shape, ">u4").tobytes()
    return header + values.astype(np.uint8).tobytes()


def idx_files(*, packed: bool = False, prefix: str = "") -> dict[str, bytes]:
    """The four files of `arrays`, by their names."""
    content = arrays()
    files = {
        "train-images-idx3-ubyte": idx(content["x_train"]),
        "train-labels-idx1-ubyte": idx(content["y_train"]),
        "t10k-images-idx3-ubyte": idx(content["x_test"]),
        "t10k-labels-idx1-ubyte": idx(content["y_test"]),
    }
    if packed:
        return {f"{prefix}{name}.gz": gzip.compress(file) for name, file in files.items()}
    return {f"{prefix}{name}": file for name, file in files.items()}


def png(image: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return out.getvalue()


def folders(prefix: str = "") -> dict[str, bytes]:
    """Two training images and a test image of each of two classes."""
    noise = iter(images(6, 3))
    return {
        f"{prefix}{split}/{label}/{i}.png": png(next(noise))
        for split, count in (("train", 2), ("test", 1))
        for label in ("circle", "square")
        for i in range(count)
    }
