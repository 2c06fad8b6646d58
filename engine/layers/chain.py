"""The chain rule over a list of layers: forward, and back through their pullbacks.

Each layer gives its output and a pullback; the pullbacks, last to first, carry a gradient back and
leave that of each parameter on the way. A network is such a list, and so is what a residual block
goes around.
"""

from collections.abc import Sequence

from numpy.random import Generator

from engine.arrays import Array, Pullback, Shape
from engine.layers.base import Layer
from engine.scratch import Scratch


def output_shape(layers: Sequence[Layer], shape: Shape) -> Shape:
    """The shape of one sample's output; raises ShapeError where two layers do not fit."""
    for layer in layers:
        shape = layer.output_shape(shape)
    return shape


def forward(layers: Sequence[Layer], x: Array, scratches: Sequence[Scratch] | None = None) -> Array:
    """The output of the last layer for a batch (..., batch), as in inference."""
    scratches = scratches or [Scratch()] * len(layers)
    for layer, scratch in zip(layers, scratches, strict=True):
        x = layer.forward_batch_last(x, scratch)
    return x


def vjp(
    layers: Sequence[Layer], x: Array, scratches: Sequence[Scratch], rng: Generator | None
) -> tuple[Array, list[Pullback]]:
    """The output of the last layer and the pullback of each; without `rng` as in inference."""
    pullbacks: list[Pullback] = []
    for layer, scratch in zip(layers, scratches, strict=True):
        if rng is None:
            x, pullback = layer.vjp_batch_last(x, scratch)
        else:
            x, pullback = layer.training_vjp_batch_last(x, scratch, rng)
        pullbacks.append(pullback)
    return x, pullbacks


def pull_back(
    layers: Sequence[Layer], pullbacks: Sequence[Pullback], dy: Array, *, input_too: bool
) -> tuple[Array | None, list[list[Array]]]:
    """dL/dx (None where it was not asked for) and the gradients of each layer's parameters."""
    first = 0 if input_too else _first_with_parameters(layers)
    back: Array | None = dy
    gradients: list[list[Array]] = [[] for _ in layers]
    for i in range(len(layers) - 1, first - 1, -1):
        assert back is not None  # noqa: S101 - only the first layer's is not asked for
        back, gradients[i] = pullbacks[i](back, input_too=input_too or i > first)
    return back if input_too else None, gradients


def _first_with_parameters(layers: Sequence[Layer]) -> int:
    """Nothing below it needs a gradient."""
    trained = (i for i, layer in enumerate(layers) if layer.parameter_names)
    return next(trained, len(layers))


def overwritable(layers: Sequence[Layer]) -> list[bool]:
    """For each layer, whether it may write over its input.

    It may where that is the output of a layer before it that nobody reads again: not the list's own
    input, and not an output that a pullback needs.
    """
    answers: list[bool] = []
    free = False
    for layer in layers:
        answers.append(free)
        free = free if layer.is_view else not layer.reads_output
    return answers
