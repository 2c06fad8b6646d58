"""How wrong an output is, and the gradient that training starts from.

A loss, like a layer, states its mathematics once, with the batch last (`value_and_gradient`); the
notebook's `forward` and `grad_x`, with the batch first, are derived.

Targets are either classes, integers (batch,), or an array of the output's own shape: one-hot rows,
soft labels (which need not sum to 1), or an image to reproduce.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from engine.arrays import Array, Labels, batch_first, batch_last, floating
from engine.layers.activations import Softmax, softmax
from engine.layers.base import Layer


class Loss(ABC):
    """A number for every sample, and its gradient."""

    name: str

    @abstractmethod
    def value_and_gradient(self, outputs: Array, targets: Labels) -> tuple[Array, Array]:
        """For outputs (..., batch): the loss of every sample (batch,), and dL/doutputs."""

    def forward(self, input_data: ArrayLike, labels: ArrayLike) -> Array:
        """The loss of every sample (batch,), for outputs with the batch first."""
        return self.value_and_gradient(*_batch_last_pair(input_data, labels))[0]

    def grad_x(self, input_data: ArrayLike, labels: ArrayLike) -> Array:
        """dL/doutput of every sample, the batch first."""
        return batch_first(self.value_and_gradient(*_batch_last_pair(input_data, labels))[1])


def _batch_last_pair(outputs: ArrayLike, labels: ArrayLike) -> tuple[Array, Labels]:
    last = batch_last(floating(outputs))
    targets = np.asarray(labels)
    return last, targets if targets.ndim == 1 else batch_last(floating(targets, last.dtype))


def one_hot(targets: Labels, outputs: Array) -> Array:
    """Classes (batch,) as columns of zeros with a one; an array of targets is kept."""
    if targets.ndim != 1:
        return targets
    hot = np.zeros_like(outputs)
    hot[targets, np.arange(len(targets))] = 1
    return hot


def _share(label_smoothing: float) -> float:
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing is from 0 to below 1, got {label_smoothing}")
    return label_smoothing


def smoothed(targets: Array, smoothing: float) -> Array:
    """Move the share `smoothing` of each sample's weight evenly to all classes."""
    if smoothing == 0:
        return targets
    spread: Array = smoothing * targets.sum(axis=0) / len(targets)
    return (1 - smoothing) * targets + spread


@final
class MeanSquaredError(Loss):
    """L = mean over a sample's numbers of (output − target)²."""

    name = "mse"

    def value_and_gradient(self, outputs: Array, targets: Labels) -> tuple[Array, Array]:
        """See `Loss.value_and_gradient`."""
        difference = outputs - one_hot(targets, outputs).reshape(outputs.shape)
        flat = difference.reshape(-1, outputs.shape[-1])
        losses = np.mean(np.square(flat), axis=0)
        difference *= 2 / len(flat)
        return losses, difference


@final
class CrossEntropy(Loss):
    """L = −Σ y log p, for probabilities p; dL/dp = −y / p.

    Args:
        label_smoothing: The share of each label that is spread over all classes, 0 to below 1.
    """

    name = "CrossEntropy"

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = _share(label_smoothing)

    def value_and_gradient(self, outputs: Array, targets: Labels) -> tuple[Array, Array]:
        """See `Loss.value_and_gradient`; 0 counts as the smallest normal number."""
        y = smoothed(one_hot(targets, outputs), self.label_smoothing)
        p = np.maximum(outputs, np.finfo(outputs.dtype).tiny)
        return -np.sum(y * np.log(p), axis=0), -y / p


@final
class SoftmaxCrossEntropy(Loss):
    """Softmax and cross-entropy in one, on logits z: L = Σy · log Σ exp z − Σ y z.

    dL/dz = p · Σy − y, finite for every finite z, where −y / p alone would overflow.

    Args:
        label_smoothing: As in `CrossEntropy`.
    """

    name = "SoftmaxCrossEntropy"

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = _share(label_smoothing)

    def value_and_gradient(self, outputs: Array, targets: Labels) -> tuple[Array, Array]:
        """See `Loss.value_and_gradient`."""
        if targets.ndim == 1 and self.label_smoothing == 0:
            return self._of_classes(outputs, targets)
        y = smoothed(one_hot(targets, outputs), self.label_smoothing)
        weight = y.sum(axis=0)
        shifted = outputs - outputs.max(axis=0)
        losses = weight * np.log(np.exp(shifted).sum(axis=0)) - np.sum(y * shifted, axis=0)
        return losses, softmax(outputs) * weight - y

    def _of_classes(self, outputs: Array, classes: Labels) -> tuple[Array, Array]:
        """The common case, without one-hot columns: Σy = 1, and y picks one logit."""
        picked = (classes, np.arange(len(classes)))
        gradient = outputs - outputs.max(axis=0)
        chosen = gradient[picked]
        np.exp(gradient, out=gradient)
        total = gradient.sum(axis=0)
        gradient /= total
        gradient[picked] -= 1
        return np.log(total) - chosen, gradient


def fuse(layers: Sequence[Layer], loss: Loss) -> tuple[list[Layer], Loss]:
    """Softmax and cross-entropy, where they are neighbours, as one loss on the logits."""
    if layers and isinstance(layers[-1], Softmax) and isinstance(loss, CrossEntropy):
        return list(layers[:-1]), SoftmaxCrossEntropy(loss.label_smoothing)
    return list(layers), loss
