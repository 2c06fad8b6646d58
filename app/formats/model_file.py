"""A model's file in whichever form it is, told apart by its first bytes and its entries."""

from app.domain.definitions import Limits, NetworkDefinition
from app.formats import keras, npz, safetensors
from app.formats.bundle import Bundle


def read(content: bytes, definition: NetworkDefinition | None, limits: Limits) -> Bundle:
    """A model of a file that came from anybody.

    Args:
        content: safetensors, npz or .keras.
        definition: The network, where the client sent one.
        limits: The largest network that is accepted.

    Raises:
        InvalidInput: The definition is wrong or too large.
        UnusableFile: The file is none, or not of such a network.
    """
    if not content.startswith(b"PK"):
        return safetensors.read(content, definition, limits)
    if keras.is_keras(content):
        return keras.read(content, definition, limits)
    return npz.read(content, definition, limits)
