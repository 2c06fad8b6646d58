"""A list of layers and a loss: the notebook's `Network`, on the paths that train fast."""

import math

import numpy as np
from numpy.typing import ArrayLike

from engine import backpropagation, training
from engine.arrays import Array, Shape, batch_first, batch_last, floating
from engine.batches import Samples
from engine.layers import chain
from engine.layers.base import Layer
from engine.losses import Loss, fuse
from engine.optimizers import SGD


class Network:
    """Layers, first to last, and what the last one's output is judged by.

    Args:
        layers: Used as they are, not copied.
        loss: Needed for gradients and training.
    """

    def __init__(self, layers: list[Layer], loss: Loss | None = None) -> None:
        self.name = "Network"
        self.layers = layers
        self.loss = loss

    def output_shape(self, input_shape: Shape) -> Shape:
        """The shape of one sample's output.

        Raises:
            ShapeError: Two layers do not fit.
        """
        return chain.output_shape(self.layers, input_shape)

    def predict(self, input_data: ArrayLike) -> Array:
        """The output for a batch (batch, ...)."""
        x = floating(input_data, self._dtype)
        self.output_shape(x.shape[1:])
        return batch_first(chain.forward(self.layers, batch_last(x)))

    def forward(self, input_data: ArrayLike) -> Array:
        """The same as `predict`."""
        return self.predict(input_data)

    def calculate_loss(self, input_data: ArrayLike, labels: ArrayLike) -> Array:
        """The loss of every sample: (batch,)."""
        return self._judge.forward(self.predict(input_data), labels)

    def grad_x(self, input_data: ArrayLike, labels: ArrayLike) -> Array:
        """dL/dx of every sample, of the input's shape."""
        x, y = self._batch_last(input_data, labels)
        layers, loss = fuse(self.layers, self._judge)
        _, _, dx, _ = backpropagation.backpropagate(layers, loss, x, y, input_too=True)
        assert dx is not None  # noqa: S101 - it was asked for
        return batch_first(dx)

    def grad_param(self, input_data: ArrayLike, labels: ArrayLike) -> list[list[Array]]:
        """dL/dparameter of every sample, [layer][parameter]: (batch, parameter.size).

        Pullbacks sum over a batch, so each sample is a batch of its own here.
        """
        samples = [
            self._gradients(x[None], y[None])
            for x, y in zip(np.asarray(input_data), np.asarray(labels), strict=True)
        ]
        return [
            [np.stack([g.ravel() for g in gs]) for gs in zip(*layer, strict=True)]
            for layer in zip(*samples, strict=True)
        ]

    def update(self, grads: list[list[Array]], learning_rate: float) -> None:
        """One step of gradient descent along the mean of `grads`, as `grad_param` gives them."""
        for layer, grad in zip(self.layers, grads, strict=True):
            layer.update_param(grad, learning_rate)

    def train_step(
        self, input_data: ArrayLike, labels: ArrayLike, learning_rate: float = 0.001
    ) -> None:
        """The same as `update(grad_param(...))`, by one backpropagation of the whole batch."""
        mean = 1 / len(np.asarray(input_data))
        grads = [
            [g.reshape(1, -1) * mean for g in layer]
            for layer in self._gradients(input_data, labels)
        ]
        self.update(grads, learning_rate)

    def fit(
        self,
        trainX: ArrayLike,
        trainY: ArrayLike,
        validation_split: float = 0.25,
        batch_size: int = 1,
        nb_epoch: int = 1,
        learning_rate: float = 0.01,
    ) -> None:
        """Train by plain gradient descent and print the validation accuracy of every epoch.

        Args:
            trainX: Samples (samples, ...).
            trainY: Labels (samples, outputs), one-hot or soft.
            validation_split: The share that is held out.
            batch_size: Samples a step.
            nb_epoch: Passes over the samples.
            learning_rate: The length of a step.
        """
        x, y = floating(trainX, np.float32), np.asarray(trainY)
        plan = training.Plan(
            SGD(learning_rate),
            epochs=nb_epoch,
            batch_size=batch_size,
            validation_split=validation_split,
            seed=42,
        )
        for event in training.train(self, Samples(x, y), plan):
            if isinstance(event, training.EpochDone):
                value = math.nan if event.val_accuracy is None else event.val_accuracy
                print(f"{event.epoch} epoch: val {value:.2f}")

    def evaluate(self, testX: ArrayLike, testY: ArrayLike) -> float:
        """The share of samples whose largest output is where the label's is."""
        predicted = np.argmax(self.predict(testX), axis=1)
        return float(np.mean(predicted == np.argmax(testY, axis=1)))

    @property
    def _judge(self) -> Loss:
        if self.loss is None:
            raise ValueError("a network without a loss has no gradient")
        return self.loss

    @property
    def _dtype(self) -> np.dtype | None:
        dtypes = [layer.dtype for layer in self.layers if layer.dtype is not None]
        return np.result_type(*dtypes) if dtypes else None

    def _batch_last(self, input_data: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
        x = batch_last(floating(input_data, self._dtype))
        self.output_shape(x.shape[:-1])
        return x, batch_last(floating(labels, x.dtype))

    def _gradients(self, input_data: ArrayLike, labels: ArrayLike) -> list[list[Array]]:
        """dL/dparameter summed over the batch, [layer][parameter]."""
        x, y = self._batch_last(input_data, labels)
        layers, loss = fuse(self.layers, self._judge)
        gradients = backpropagation.backpropagate(layers, loss, x, y)[3]
        return gradients + [[]] * (len(self.layers) - len(layers))
