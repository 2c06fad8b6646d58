"""A model's file, read in a process of its own: both ends of what goes through the pipe.

What comes out of it is texts and arrays of float32, and is checked once more as if it were a file.
"""

from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing.connection import Connection
from typing import BinaryIO

import numpy as np

from app.children import messages, reader
from app.children.readers import NONSENSE, Readers, Reading
from app.domain.definitions import Limits, NetworkDefinition
from app.domain.errors import UnusableFile
from app.formats import model_file
from app.formats.bundle import Bundle, assemble
from engine.arrays import Array


def read(
    readers: Readers, file: BinaryIO, definition: NetworkDefinition | None, limits: Limits
) -> Bundle:
    """The model in a file that came from anybody.

    Raises:
        InvalidInput: The definition is wrong or too large.
        UnusableFile: The file is none, or not of such a network.
        Overloaded: Too many files are being read.
    """
    sent = None if definition is None else definition.model_dump(mode="json")
    with readers.reading(__name__, file, {"network": sent, "limits": asdict(limits)}) as reading:
        found, _ = reading.receive()
        try:
            arrays, texts = dict(_arrays(reading, found)), dict(found["texts"])
        except (KeyError, TypeError, ValueError) as error:
            raise UnusableFile(NONSENSE) from error
    return assemble(arrays, texts, None, limits)


def _arrays(reading: Reading, found: messages.Message) -> Iterator[tuple[str, Array]]:
    for name, shape in found["arrays"]:
        _, content = reading.receive()
        yield str(name), np.frombuffer(content, np.float32).reshape(shape)


def _read(pipe: Connection, file: BinaryIO, order: messages.Message) -> None:
    sent, limits = order["network"], Limits(**order["limits"])
    definition = None if sent is None else NetworkDefinition.model_validate(sent)
    bundle = model_file.read(file.read(), definition, limits)
    arrays = bundle.all_arrays()
    message = {
        "type": "model",
        "texts": bundle.metadata(),
        "arrays": [(name, array.shape) for name, array in arrays.items()],
    }
    messages.send(pipe, message)
    for array in arrays.values():
        messages.send(pipe, {"type": "array"}, array.astype(np.float32).tobytes())


if __name__ == "__main__":
    reader.serve(_read)
