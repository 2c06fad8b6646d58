"""What the specs of all layers have in common, and the walk along a list of them.

A spec knows the layer's arithmetic of shapes and costs, in Python integers, so that a definition is
judged before anything is allocated; and it builds the engine's layer, with weights that suit it.
"""

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, NamedTuple

from numpy.random import Generator
from pydantic import Field

import engine
from app.domain.spec import Spec
from engine import initializers
from engine.arrays import Array, Shape
from engine.errors import ShapeError

Size = Annotated[int, Field(ge=1, le=1_000_000)]
KernelSize = Annotated[int, Field(ge=1, le=64)]
Stride = Annotated[int, Field(ge=1, le=64)]

Initializer = Annotated[
    Literal["he", "lecun", "glorot", "orthogonal"],
    Field(
        description="How the weights begin: he (before a ReLU), lecun (before nothing), glorot "
        "(before tanh or sigmoid), or orthogonal (for deep networks)."
    ),
]


class Cost(Spec):
    """What a layer costs for one sample: numbers that are trained, and multiply-adds."""

    parameters: int = 0
    macs: int = 0


class LayerSpec(Spec):
    """A layer of a definition; the sizes of its input are inferred from the layer before it."""

    type: str

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of a sample after this layer; raises ShapeError where it does not fit."""
        return shape

    def cost(self, shape: Shape) -> Cost:
        return Cost()

    def activations(self, shape: Shape) -> int:
        """Numbers that its output holds, with those of the layers inside it."""
        return math.prod(self.output_shape(shape))

    @abstractmethod
    def build(self, shape: Shape, rng: Generator) -> engine.Layer:
        """The engine's layer for inputs of `shape`, its weights drawn from `rng`."""


class Misfit(ShapeError):
    """A layer, perhaps inside another, that cannot take what the one before it gives.

    Attributes:
        path: Where it stands in the definition: ("layers", index), once more for every nesting.
    """

    def __init__(self, msg: str, path: tuple[str | int, ...]) -> None:
        super().__init__(msg)
        self.path = path


class Placed(NamedTuple):
    """A layer of a list, with the shapes of a sample before and after it."""

    place: int
    spec: LayerSpec
    before: Shape
    after: Shape


def walk(layers: Sequence[LayerSpec], shape: Shape) -> Iterator[Placed]:
    """The layers in their order, each with its shapes.

    Raises:
        Misfit: Two shapes do not fit; at the layer that does not take its input.
    """
    for index, spec in enumerate(layers):
        try:
            after = spec.output_shape(shape)
        except Misfit as error:
            raise Misfit(str(error), ("layers", index, *error.path)) from error
        except ShapeError as error:
            raise Misfit(str(error), ("layers", index)) from error
        yield Placed(index, spec, shape, after)
        shape = after


def needs_image(layer: str, shape: Shape) -> tuple[int, int, int]:
    """Channels, height and width of an input that has to be an image."""
    if len(shape) != 3:
        raise ShapeError(
            f"{layer} needs an input of shape [channels, height, width], got {list(shape)}"
            + ("; put a reshape layer before it" if len(shape) == 1 else "")
        )
    return shape[0], shape[1], shape[2]


def needs_flat(layer: str, what: str, shape: Shape) -> int:
    """The length of an input that has to be flat; `what` names it in the error."""
    if len(shape) != 1:
        raise ShapeError(
            f"{layer} needs a flat input of shape [{what}], got {list(shape)}; "
            'put {"type": "flatten"} before it'
        )
    return shape[0]


def draw(initializer: str, rng: Generator, shape: Shape, fan_in: int, fan_out: int) -> Array:
    """Weights of `shape` that begin as the spec wants it."""
    match initializer:
        case "lecun":
            weights = initializers.lecun_uniform(rng, shape, fan_in)
        case "glorot":
            weights = initializers.glorot_uniform(rng, shape, fan_in, fan_out)
        case "orthogonal":
            weights = initializers.orthogonal(rng, shape, math.sqrt(2))
        case _:
            weights = initializers.he_normal(rng, shape, fan_in)
    return weights
