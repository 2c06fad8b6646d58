"""What a client writes to define a network, and what can be said of it before it is built."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

import engine
from app.domain.errors import FieldError, InvalidInput
from app.domain.layers import AnyLayer, Cost, Misfit, walk
from app.domain.layers.residual import Residual
from app.domain.spec import Spec
from app.domain.text import Name
from engine.arrays import Shape
from engine.parameters import FlatBuffers, FlatParameters

MAX_LAYERS = 200
MAX_NESTING = 16
"""How deep a layer may be in others: no network needs more, and JSON is not written much deeper."""

Side = Annotated[int, Field(ge=1, le=4096)]


class NetworkDefinition(Spec):
    """A network as a list of layers; the sizes of their inputs are inferred."""

    name: Name | None = Field(None, description="What a person calls it.", examples=["small-cnn"])
    input_shape: Annotated[list[Side], Field(min_length=1, max_length=3)] = Field(
        description="The shape of one sample: [numbers] or [channels, height, width].",
        examples=[[1, 28, 28]],
    )
    layers: Annotated[list[AnyLayer], Field(min_length=1, max_length=MAX_LAYERS)] = Field(
        description="The layers, first to last.",
        examples=[[{"type": "flatten"}, {"type": "dense", "output_dim": 10}, {"type": "softmax"}]],
    )

    @field_validator("layers")
    @classmethod
    def _not_too_many(cls, layers: list[AnyLayer]) -> list[AnyLayer]:
        """Those inside residuals count too, so that nesting is no way around the limit."""
        total = _count(layers)
        if total > MAX_LAYERS:
            raise PydanticCustomError(
                "too_many_layers",
                "a network has at most {most} layers, with those inside others, got {total}",
                {"most": MAX_LAYERS, "total": total},
            )
        return layers

    @field_validator("layers")
    @classmethod
    def _not_too_deep(cls, layers: list[AnyLayer]) -> list[AnyLayer]:
        depth = _depth(layers)
        if depth > MAX_NESTING:
            raise PydanticCustomError(
                "nested_too_deep",
                "layers are nested at most {most} times, got {depth}",
                {"most": MAX_NESTING, "depth": depth},
            )
        return layers


def _depth(layers: Sequence[AnyLayer]) -> int:
    """How deep the deepest layer is in others."""
    inside = [layer.layers for layer in layers if isinstance(layer, Residual)]
    return 1 + max(map(_depth, inside)) if inside else 0


def _count(layers: Sequence[AnyLayer]) -> int:
    """How many layers there are, with those inside others."""
    inside = [layer.layers for layer in layers if isinstance(layer, Residual)]
    return len(layers) + sum(map(_count, inside))


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
    activations: int


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
        return sum(layer.activations for layer in self.layers)


def summarise(definition: NetworkDefinition, limits: Limits | None = None) -> Summary:
    """Infer every shape and count every cost, in integers, allocating nothing.

    Args:
        definition: What a client wrote, or what is stored.
        limits: None for a network that was accepted before.

    Raises:
        InvalidInput: Two shapes do not fit, or a limit is exceeded; at the layer that does it.
    """
    summary = Summary(list(_judged(definition)))
    if limits is not None:
        _check_limits(summary, limits)
    return summary


def _judged(definition: NetworkDefinition) -> Iterator[LayerSummary]:
    try:
        for index, spec, before, after in walk(definition.layers, tuple(definition.input_shape)):
            cost, activations = spec.cost(before), spec.activations(before)
            yield LayerSummary(index, spec.type, before, after, cost, activations)
    except Misfit as error:
        raise InvalidInput.at(error.path, str(error), "shape_mismatch") from error


def _check_limits(summary: Summary, limits: Limits) -> None:
    """Name the layer at which each running total passes its limit."""
    errors = []
    totals = {"parameters": 0, "activations": 0, "multiply-adds": 0}
    allowed = dict(zip(totals, (limits.parameters, limits.activations, limits.macs), strict=True))
    for layer in summary.layers:
        sizes = (layer.cost.parameters, layer.activations, layer.cost.macs)
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
    """The engine's network in float32, with the weights that this seed draws."""
    rng = np.random.default_rng([seed, _WEIGHTS])
    placed = walk(definition.layers, tuple(definition.input_shape))
    layers = [spec.build(before, rng) for _, spec, before, _ in placed]
    for flat in (FlatParameters, FlatBuffers):
        flat(layers, np.float32)
    return engine.Network(layers)


_WEIGHTS = 7
"""The stream of random numbers for initial weights, apart from those that training draws."""
