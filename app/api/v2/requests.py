"""What a request to infer asks for.

The Content-Type is not looked at: clients send JSON without one, or as octets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.api.schemas.inference_v2 import MAX_OUTPUTS
from app.api.v2.envelope import Headers, Json, refused, split
from app.formats.tensors_v2 import DATATYPES, checked_shape, from_bytes, from_json
from app.services.inference_v2 import INPUT, Tensor, count_rows, output_name, raw_tensor
from app.services.serving import LoadedModel


@dataclass(frozen=True)
class Wanted:
    """An output, and its form.

    Attributes:
        name: Which.
        binary: As raw bytes behind the JSON.
        classes: So many of the most probable classes in place of all numbers; 0: all numbers.
    """

    name: str
    binary: bool
    classes: int = 0


@dataclass(frozen=True)
class Asked:
    """A request, understood.

    Attributes:
        id: To be said again in the answer.
        tensor: What to read.
        outputs: What to answer.
        patience: Seconds that the client wants to wait at most; None: it does not say.
    """

    id: str | None
    tensor: Tensor
    outputs: Sequence[Wanted]
    patience: float | None


def parse(headers: Headers, body: bytes, model: LoadedModel) -> Asked:
    """What a body asks of a model.

    Raises:
        InvalidInput: It asks for what cannot be.
        MalformedJson: Its JSON is none.
    """
    document, rest = split(headers, body)
    output = output_name(model.reconstructs)
    if document is None:  # the body is the input, and so is the answer the output
        tensor = raw_tensor(model.input_shape, body)
        return Asked(None, tensor, [Wanted(output, True)], None)
    parameters = _object(document, "parameters", "the request")
    if parameters.get("sequence_id"):
        raise refused("sequence_id", "models here keep no state between requests")
    id_ = document.get("id")
    if not isinstance(id_, str | None):
        raise refused("id", f"it is a string, got {type(id_).__name__}")
    _natural(parameters, "priority")  # all requests have the same here, as in Triton by default
    timeout = _natural(parameters, "timeout")
    return Asked(
        id=id_ or None,
        tensor=_tensor(model, document, rest),
        outputs=_outputs(document, output, _flag(parameters, "binary_data_output")),
        patience=timeout / 1e6 if timeout else None,
    )


def _tensor(model: LoadedModel, document: Json, rest: memoryview) -> Tensor:
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        got = f"{len(inputs)} of them" if isinstance(inputs, list) else type(inputs).__name__
        raise refused("inputs", f"it is a list of one tensor, {INPUT!r}, got {got}")
    given = inputs[0]
    name, datatype = given.get("name"), given.get("datatype")
    if name != INPUT:
        raise refused("inputs", f"the only input is {INPUT!r}, got {name!r:.100}")
    if datatype not in DATATYPES:
        known = ", ".join(DATATYPES)
        raise refused("datatype", f"it is one of {known}, got {datatype!r:.100}")
    shape = checked_shape(INPUT, given.get("shape"))
    count_rows(model, datatype, shape)  # before the data, which may be long, is read for nothing
    parameters = _object(given, "parameters", f"input {INPUT!r}")
    _refuse_shared_memory(parameters)
    size = _natural(parameters, "binary_data_size")
    if size is None:
        if len(rest):
            raise refused("the body", f"unexpected additional input data: {len(rest):,} bytes")
        return Tensor(datatype, shape, from_json(INPUT, datatype, shape, given.get("data")))
    if "data" in given:
        raise refused("inputs", "a tensor has data or binary_data_size, not both")
    if size != len(rest):
        raise refused(
            "binary_data_size", f"it says {size:,} bytes, behind the JSON are {len(rest):,}"
        )
    return Tensor(datatype, shape, from_bytes(INPUT, datatype, shape, rest))


def _outputs(document: Json, output: str, binary: bool) -> list[Wanted]:
    asked = document.get("outputs")
    if asked is None or asked == []:
        return [Wanted(output, binary)]
    if not isinstance(asked, list) or len(asked) > MAX_OUTPUTS:
        raise refused("outputs", f"it is a list of at most {MAX_OUTPUTS} outputs")
    return [_output(one, output, binary) for one in asked]


def _output(one: Any, output: str, binary: bool) -> Wanted:
    name = one.get("name") if isinstance(one, dict) else one
    if not isinstance(one, dict) or name != output:
        raise refused("outputs", f"the only output is {output!r}, got {name!r:.100}")
    parameters = _object(one, "parameters", f"output {output!r}")
    _refuse_shared_memory(parameters)
    classes = _natural(parameters, "classification")
    if classes == 0:
        raise refused("classification", "it is the number of classes, at least 1, got 0")
    return Wanted(output, _flag(parameters, "binary_data", binary), classes or 0)


def _object(place: Json, name: str, of: str) -> Json:
    found = place.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise refused(name, f"those of {of} are an object, got {type(found).__name__}")
    return found


def _natural(parameters: Json, name: str) -> int | None:
    value = parameters.get(name)
    if value is None:
        return None
    if type(value) is not int or value < 0:
        raise refused(name, f"it is an integer of at least 0, got {value!r:.100}")
    return value


def _flag(parameters: Json, name: str, default: bool = False) -> bool:
    value = parameters.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise refused(name, f"it is true or false, got {value!r:.100}")
    return value


def _refuse_shared_memory(parameters: Json) -> None:
    if "shared_memory_region" in parameters:
        raise refused("shared_memory_region", "shared memory is not supported")
