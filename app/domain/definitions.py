"""What a client writes to define a network, and what can be said of it before it is built."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

import engine
from app.domain.errors import FieldError, InvalidInput
from app.domain.layers import AnyLayer, Cost
from app.domain.spec import Spec
from app.domain.text import Name
from engine.arrays import Shape
from engine.errors import ShapeError

Side = Annotated[int, Field(ge=1, le=4096)]


class NetworkDefinition(Spec):
    """A network as a list of layers; the sizes of their inputs are inferred."""

    name: Name | None = Field(None, description="What a person calls it.", examples=["small-cnn"])
    input_shape: Annotated[list[Side], Field(min_length=1, max_length=3)] = Field(
        description="The shape of one sample: [numbers] or [channels, height, width].",
        examples=[[1, 28, 28]],
    )
    layers: Annotated[list[AnyLayer], Field(min_length=1, max_length=200)] = Field(
        description="The layers, first to last.",
        examples=[[{"type": "flatten"}, {"type": "dense", "output_dim": 10}, {"type": "softmax"}]],
    )


@dataclass(frozen=True)
class Limits:
    """The largest network that is accepted."""

    parameters: int
    activations: int
    macs: int


@dataclass(frozen=True)
class LayerSummary:
    """A layer with what was inferred and counted; shapes and counts are those of one sample."""

    index: int
    type: str
    input_shape: Shape
    output_shape: Shape
    cost: Cost


@dataclass(frozen=True)
class Summary:
    """A definition whose shapes fit and whose cost is known."""

    layers: list[LayerSummary]

    @property
    def output_shape(self) -> Shape:
        return self.layers[-1].output_shape

    @property
    def parameters(self) -> int:
        return sum(layer.cost.parameters for layer in self.layers)

    @property
    def macs(self) -> int:
        return sum(layer.cost.macs for layer in self.layers)

    @property
    def activations(self) -> int:
        """Numbers that the layers' outputs hold for one sample."""
        return sum(math.prod(layer.output_shape) for layer in self.layers)


def summarise(definition: NetworkDefinition, limits: Limits) -> Summary:
    """Infer every shape and count every cost, in integers, allocating nothing.

    Raises:
        InvalidInput: Two shapes do not fit, or a limit is exceeded; at the layer that does it.
    """
    summary = Summary(list(_walk(definition)))
    _check_limits(summary, limits)
    return summary


def _walk(definition: NetworkDefinition) -> Iterator[LayerSummary]:
    shape = tuple(definition.input_shape)
    for index, layer in enumerate(definition.layers):
        try:
            after = layer.output_shape(shape)
        except ShapeError as error:
            raise InvalidInput.at(("layers", index), str(error), "shape_mismatch") from error
        yield LayerSummary(index, layer.type, shape, after, layer.cost(shape))
        shape = after


def _check_limits(summary: Summary, limits: Limits) -> None:
    """Name the layer at which each running total passes its limit."""
    errors = []
    totals = {"parameters": 0, "activations": 0, "multiply-adds": 0}
    allowed = dict(zip(totals, (limits.parameters, limits.activations, limits.macs), strict=True))
    for layer in summary.layers:
        sizes = (layer.cost.parameters, math.prod(layer.output_shape), layer.cost.macs)
        for (what, before), size in zip(list(totals.items()), sizes, strict=True):
            totals[what] = before + size
            if before <= allowed[what] < totals[what]:
                msg = (
                    f"the network is too large: with this layer it has {totals[what]:,} {what}, "
                    f"the limit is {allowed[what]:,}; use fewer outputs, a larger stride or a "
                    "pooling layer before it"
                )
                errors.append(FieldError(("layers", layer.index), msg, "network_too_large"))
    if errors:
        raise InvalidInput(errors)


def build(definition: NetworkDefinition, seed: int) -> engine.Network:
    """The engine's network, with the weights that this seed draws."""
    shape = tuple(definition.input_shape)
    layers = []
    rng = np.random.default_rng([seed, _WEIGHTS])
    for spec in definition.layers:
        layers.append(spec.build(shape, rng))
        shape = spec.output_shape(shape)
    return engine.Network(layers)


_WEIGHTS = 7
"""The stream of random numbers for initial weights, apart from those that training draws."""
