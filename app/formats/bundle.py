"""A model as every format carries it: a definition, its arrays by name, and what they are for.

A format is a module with `write(bundle) -> bytes` and, where it can be imported, a `read` that
gives a bundle again. What is read may come from anybody: nothing in it is executed, and no array is
used before `checked` has compared it with what the definition needs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field, JsonValue, ValidationError

import engine
from app.domain.definitions import Limits, NetworkDefinition, build, summarise
from app.domain.errors import UnusableFile
from app.domain.records import DEFAULT_PREPROCESSING
from app.domain.spec import Spec
from app.domain.text import Name, ResourceName
from app.formats import familiarity
from app.formats.tensors import named_arrays
from engine.arrays import Array
from engine.familiarity import Familiarity

MAX_BYTES = 2**29
"""The most that the arrays of an imported file may hold together, unpacked."""


@dataclass(frozen=True)
class Bundle:
    """A model, apart from any store.

    Attributes:
        definition: The network.
        arrays: Its parameters and buffers in float32, named as `named_arrays` names them:
            "0.kernel", and "4.projection.kernel" inside a residual.
        classes: What the outputs mean, in their order.
        preprocessing: What images go through before the network sees them.
        dataset: What it has learnt; empty where that is not known.
        familiarity: What its training set looked like, where the format has room for it.
    """

    definition: NetworkDefinition
    arrays: Mapping[str, Array]
    classes: Sequence[str]
    preprocessing: Mapping[str, Any]
    dataset: str = ""
    familiarity: Familiarity | None = None

    def all_arrays(self) -> dict[str, Array]:
        """The network's arrays, and those of the training set under names of their own."""
        return {**self.arrays, **familiarity.prefixed(self.familiarity)}

    def network(self) -> engine.Network:
        """The network, ready to predict."""
        network = build(self.definition, seed=0)
        for name, array in named_arrays(network.layers).items():
            array[...] = self.arrays[name]
        return network

    def metadata(self) -> dict[str, str]:
        """All but the arrays, each as JSON text: what formats with text fields carry."""
        return {
            "network": json.dumps(self.definition.model_dump(mode="json"), ensure_ascii=False),
            "classes": json.dumps(list(self.classes), ensure_ascii=False),
            "preprocessing": json.dumps(dict(self.preprocessing), ensure_ascii=False),
            "dataset": json.dumps(self.dataset),
        }


class _Texts(Spec):
    """What `Bundle.metadata` says, read again."""

    network: NetworkDefinition | None = None
    classes: tuple[Name, ...] = Field((), max_length=100_000, strict=False)
    preprocessing: Mapping[str, JsonValue] = DEFAULT_PREPROCESSING
    dataset: ResourceName | Literal[""] = ""


def assemble(
    arrays: Mapping[str, Array],
    metadata: Mapping[str, str],
    definition: NetworkDefinition | None,
    limits: Limits,
) -> Bundle:
    """A model of the arrays and the texts of a file, both of them checked.

    Args:
        arrays: Everything in the file, by name.
        metadata: What `Bundle.metadata` once gave, or a part of it.
        definition: The network, where the client sent one; it counts before that of the file.
        limits: The largest network that is accepted.

    Raises:
        InvalidInput: The definition is wrong or too large.
        UnusableFile: There is no definition, or something in the file is not what it needs.
    """
    texts = _parsed(metadata)
    definition = definition or texts.network
    if definition is None:
        raise UnusableFile("the file does not say what network its weights are of; send `network`")
    own = {n: array for n, array in arrays.items() if not n.startswith(familiarity.PREFIX)}
    return Bundle(
        definition,
        checked(definition, own, limits),
        list(texts.classes),
        texts.preprocessing,
        texts.dataset,
        familiarity.taken(arrays, tuple(definition.input_shape)),
    )


def _parsed(metadata: Mapping[str, str]) -> _Texts:
    known = {name: text for name, text in metadata.items() if name in _Texts.model_fields}
    try:
        return _Texts.model_validate({name: json.loads(text) for name, text in known.items()})
    except ValidationError as error:
        one = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, one["loc"]))
        raise UnusableFile(
            f"what the file says of itself is wrong: {where}: {one['msg']}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UnusableFile("what the file says of itself is not JSON") from error


def checked(
    definition: NetworkDefinition, arrays: Mapping[str, Array], limits: Limits
) -> dict[str, Array]:
    """The arrays of a definition in float32, after comparing names, types, shapes and values.

    Raises:
        InvalidInput: The definition is wrong or too large.
        UnusableFile: An array is missing, or not what the definition needs; the error names it.
    """
    summarise(definition, limits)
    expected = named_arrays(build(definition, seed=0).layers)
    for name in arrays:
        if name not in expected:
            known = ", ".join(expected) or "none"
            raise UnusableFile(
                f"the file has an array {name!r:.100}, the network needs: {known:.500}"
            )
    result = {}
    for name, own in expected.items():
        if name not in arrays:
            raise UnusableFile(f"the file lacks the array {name!r} of shape {list(own.shape)}")
        result[name] = _checked(name, arrays[name], own)
    return result


def _checked(name: str, array: Array, expected: Array) -> Array:
    if array.dtype.kind != "f":
        raise UnusableFile(f"array {name!r} holds {array.dtype}, expected floating-point numbers")
    if array.shape != expected.shape:
        raise UnusableFile(
            f"array {name!r} has shape {list(array.shape)}, the network needs "
            f"{list(expected.shape)}"
        )
    with np.errstate(over="ignore"):
        values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise UnusableFile(f"array {name!r} holds numbers that are not finite in float32")
    if name.rpartition(".")[2] == "variance" and (values < 0).any():
        raise UnusableFile(f"array {name!r} holds a variance below 0")
    return values
