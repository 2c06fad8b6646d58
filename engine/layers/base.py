"""What a layer is: a differentiable function of a batch, with named arrays and no other state.

A layer states its mathematics twice and only twice, with the batch last: `forward_batch_last`, and
`vjp_batch_last`, which also gives the function that carries a gradient back (the pullback, the
transposed Jacobian times a vector). What backward needs lives in that closure, so one layer serves
many threads at once. Everything else here, the notebook's face with the batch first, is derived.
"""

from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from engine import jacobian
from engine.arrays import (
    Array,
    FacePullback,
    Pullback,
    Shape,
    batch_first,
    batch_last,
    floating,
)
from engine.scratch import Scratch


class Layer:
    """A differentiable function of a batch.

    A subclass implements `forward_batch_last` and `vjp_batch_last`; or, in the notebook's way,
    `forward` and `grad_x` (with `grad_param` and `update_param` where it has parameters), which is
    slow, because a full Jacobian is built at every step, and otherwise as good.
    """

    name: str = "Layer"

    parameter_names: tuple[str, ...] = ()
    """The attributes that are trained, in the order of their gradients."""

    buffer_names: tuple[str, ...] = ()
    """The arrays that are not trained but follow what training sees, as a running mean. Only
    training writes them, after a step, from what `training_vjp_batch_last` left in its scratch."""

    reads_output: ClassVar[bool] = False
    """Whether the pullback reads the layer's output, which must then not be overwritten."""

    is_view: ClassVar[bool] = False
    """Whether the output is the input's own memory in another shape."""

    def __init_subclass__(cls) -> None:
        """Refuse a layer that says neither of the two ways what it computes."""
        if cls.forward is Layer.forward and cls.forward_batch_last is Layer.forward_batch_last:
            raise TypeError(f"{cls.__name__} defines neither forward nor forward_batch_last")

    # The mathematics, the batch last.

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one sample's output.

        Raises:
            ShapeError: The layer cannot take such an input.
        """
        return self.forward(np.zeros((1, *input_shape))).shape[1:]

    def forward_batch_last(self, x: Array, scratch: Scratch) -> Array:
        """The output for a batch (..., batch), as in inference."""
        return batch_last(self.forward(batch_first(x)))

    def vjp_batch_last(self, x: Array, scratch: Scratch) -> tuple[Array, Pullback]:
        """The output, and the pullback: dL/dy (..., batch) -> dL/dx, [dL/dparameter summed]."""
        first = batch_first(x)

        def pullback(dy: Array, *, input_too: bool = True) -> tuple[Array | None, list[Array]]:
            flat = batch_first(dy).reshape(len(first), -1)
            dx = np.einsum("bi,bij->bj", flat, self.grad_x(first)).reshape(first.shape)
            gradients = [np.einsum("bi,bij->j", flat, grad) for grad in self.grad_param(first)]
            return batch_last(dx.astype(x.dtype, copy=False)), gradients

        return self.forward_batch_last(x, scratch), pullback

    def training_vjp_batch_last(
        self, x: Array, scratch: Scratch, rng: Generator
    ) -> tuple[Array, Pullback]:
        """As `vjp_batch_last`, for the layers that behave differently while training."""
        return self.vjp_batch_last(x, scratch)

    @property
    def trains_differently(self) -> bool:
        """Whether there is a `training_vjp_batch_last` that is not the one of inference."""
        return type(self).training_vjp_batch_last is not Layer.training_vjp_batch_last

    # The notebook's face, the batch first.

    def forward(self, input_data: ArrayLike) -> Array:
        """The output for a batch (batch, ...), as in inference."""
        x = floating(input_data, self.dtype)
        self.output_shape(x.shape[1:])
        return batch_first(self.forward_batch_last(batch_last(x), Scratch()))

    def vjp(self, x: ArrayLike) -> tuple[Array, FacePullback]:
        """The output for a batch, and dL/dy -> (dL/dx, [dL/dparameter summed over the batch])."""
        x = floating(x, self.dtype)
        y, pullback = self.vjp_batch_last(batch_last(x), Scratch())

        def face_pullback(dy: Array) -> tuple[Array, list[Array]]:
            dx, gradients = pullback(batch_last(floating(dy, y.dtype)))
            assert dx is not None  # noqa: S101 - it was asked for
            return batch_first(dx), gradients

        return batch_first(y), face_pullback

    def grad_x(self, input_data: ArrayLike) -> Array:
        """The Jacobian dy/dx of every sample: (batch, outputs, inputs)."""
        return jacobian.of_input(self, input_data)

    def grad_param(self, input_data: ArrayLike) -> list[Array]:
        """The Jacobians dy/dparameter of every sample: [(batch, outputs, parameter.size), ...]."""
        return jacobian.of_parameters(self, input_data) if self.parameter_names else []

    def backward(self, input_data: ArrayLike) -> list[Array | list[Array]]:
        """Both Jacobians: [grad_x, grad_param]."""
        return [self.grad_x(input_data), self.grad_param(input_data)]

    def update_param(self, grads: list[Array], learning_rate: float) -> None:
        """One step of gradient descent, in place, along the mean of `grads` over the batch.

        Args:
            grads: For each parameter dL/dparameter of every sample: (batch, parameter.size).
            learning_rate: The length of the step.
        """
        for parameter, grad in zip(self.parameters, grads, strict=True):
            parameter -= learning_rate * np.mean(grad, axis=0).reshape(parameter.shape)

    # Parameters and buffers.

    @property
    def parameters(self) -> list[Array]:
        """The arrays that are trained, in the order of `parameter_names`."""
        return [self.array(name) for name in self.parameter_names]

    @property
    def buffers(self) -> list[Array]:
        """The arrays that follow training, in the order of `buffer_names`."""
        return [self.array(name) for name in self.buffer_names]

    def array(self, name: str) -> Array:
        """A parameter or buffer by its name."""
        array: Array = getattr(self, name)
        return array

    def bind(self, name: str, array: Array) -> None:
        """Put another array in the place of a parameter or buffer."""
        setattr(self, name, array)

    @property
    def dtype(self) -> np.dtype | None:
        """The precision that the layer computes in; None: it has no parameters and takes any."""
        return self.parameters[0].dtype if self.parameter_names else None

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {self.array(name).shape}" for name in self.parameter_names)
        return f"{type(self).__name__}({shapes})"
