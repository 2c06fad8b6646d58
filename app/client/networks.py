"""Networks: what they are, and the conversations about them."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.client.calls import SLOW_SECONDS, Steps, ask
from app.client.records import Json, Record


class Layer(Record):
    """What was inferred of a layer and counted, for one sample.

    Attributes:
        index: Its place, from 0.
        type: As `conv2d`.
        output_shape: The shape of what it gives.
        parameters: How many numbers are trained in it.
        macs: How many multiply-adds it makes.
    """

    index: int
    type: str
    output_shape: list[int]
    parameters: int
    macs: int


class NetworkSummary(Record):
    """A definition that was judged; `estimate` is for MNIST on the service's machine.

    Attributes:
        layers: The definition, with every default filled in.
        parameters: How many numbers are trained.
        macs: Multiply-adds a sample.
        estimate: `memory_bytes` and `seconds_per_epoch`.
        summary: Every layer's shape and cost.
    """

    name: str | None = None
    preset: str | None = None
    input_shape: list[int]
    layers: list[Json]
    output_shape: list[int]
    parameters: int
    macs: int
    estimate: Json
    summary: list[Layer]


class Network(NetworkSummary):
    """A stored definition, by its id `net_...`."""

    id: str
    created_at: str


class LayerCheck(Record):
    """One layer's gradients against central differences."""

    index: int
    type: str
    max_relative_error: float


class Gradcheck(Record):
    """Backpropagation of a definition against central differences, in float64."""

    passed: bool
    max_relative_error: float
    layers: list[LayerCheck]


def path_of(network_id: str) -> str:
    return f"/v1/networks/{quote(network_id, safe='')}"


def definition(
    layers: Sequence[Mapping[str, Any]] | None,
    preset: str | None,
    input_shape: Sequence[int],
    name: str | None,
) -> Json:
    """The request for a network, layer by layer or by the name of a preset."""
    if (layers is None) == (preset is None):
        msg = "give either layers or preset"
        raise ValueError(msg)
    named = {} if name is None else {"name": name}
    if layers is None:
        return {"preset": preset, **named}
    return {"input_shape": list(input_shape), "layers": list(layers), **named}


def gradcheck(network_id: str) -> Steps[Gradcheck]:
    return ask(Gradcheck, f"{path_of(network_id)}/gradcheck", seconds=SLOW_SECONDS)
