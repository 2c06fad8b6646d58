"""Training as a generator of events.

Pause, cancel, checkpoint and progress are what its caller does between two of them: no callback, no
clock, no file. The order of samples and every random draw are functions of the seed and the
position, so a `State` (the arrays and a few numbers) is all there is to save, and a run that was
saved and restored at any event ends with the same bits as one that was not.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Protocol

import numpy as np
from numpy.random import Generator

from engine import backpropagation
from engine.arrays import Array, Labels
from engine.batches import LARGE_SHARD, SHARD, Samples, shards, shuffled, split
from engine.descent import Descent
from engine.errors import Diverged, ShapeError
from engine.evaluation import score
from engine.layers.base import Layer
from engine.losses import Loss, fuse
from engine.parallel import Team, single_threaded_blas
from engine.parameters import FlatBuffers, FlatParameters
from engine.plan import Plan
from engine.progress import EpochDone, Event, Position, State, StepDone
from engine.scratch import ReusedScratch

__all__ = ["EpochDone", "Event", "Plan", "Position", "State", "StepDone", "Training", "train"]

_LAYERS, _AUGMENTATION = 2, 3
"""The streams of random numbers of a shard (batches.py has streams 0 and 1)."""

_MEMORY = 0.9
"""What share of itself a running buffer keeps at every step."""

_WORTH_SHARING = 2**14
"""Parameters and outputs of a sample, together, from which threads save more than they cost."""


class Trainable(Protocol):
    """All that training needs to know of a network."""

    layers: list[Layer]
    loss: Loss | None


class Training:
    """One run: iterate it for its events, ask `state()` between two of them.

    Args:
        network: Trained in place, in float32.
        samples: What to learn.
        plan: How.
        state: Where an earlier run of the same network, samples and plan stood.

    Raises:
        Diverged: A loss was not finite.
    """

    def __init__(
        self, network: Trainable, samples: Samples, plan: Plan, state: State | None = None
    ) -> None:
        if network.loss is None:
            raise ValueError("a network without a loss cannot be trained")
        self._samples = samples
        self._classes = samples.classes
        self._plan = plan
        if plan.augmentation is not None and len(samples.shape) != 3:
            raise ShapeError(
                "augmentation needs images (channels, height, width), "
                f"got samples of shape {samples.shape}"
            )
        self._layers, self._loss = fuse(network.layers, network.loss)
        self._random = any(layer.trains_differently for layer in self._layers)
        self._train, self._held_out = split(len(samples), plan.validation_split, plan.seed)
        if len(self._train) == 0:
            raise ValueError("no samples are left to train on")
        self._steps = -(-len(self._train) // plan.batch_size)
        self._parameters = FlatParameters(network.layers, np.float32)
        self._buffers = FlatBuffers(network.layers, np.float32)
        shared = self._is_worth_sharing()
        self._threads = plan.threads if shared else 1
        # The layers with buffers normalise over a shard, which has to be one size for all of them.
        self._shard = SHARD if shared or self._buffers.size else LARGE_SHARD
        most = len(self._parts(np.arange(min(plan.batch_size, len(self._train)))))
        gradients = np.zeros((most, self._parameters.size), np.float32)
        self._statistics = np.zeros((most, self._buffers.size), np.float32)
        fused = slice(0, len(self._layers))
        self._scratches = [
            backpropagation.reused_scratches(
                self._layers,
                self._parameters.views(gradient)[fused],
                self._buffers.views(statistic)[fused],
            )
            for gradient, statistic in zip(gradients, self._statistics, strict=True)
        ]
        self._reads = [ReusedScratch() for _ in range(most)]
        self._descent = Descent(self._parameters.vector, gradients, plan.optimizer, plan.ema)
        self._position = Position()
        self._best = self.result()
        if state is not None:
            self._restore(state)

    def __iter__(self) -> Iterator[Event]:
        """Every step and epoch that is left."""
        with Team(self._threads) as team, single_threaded_blas():
            while self._position.epoch < self._plan.epochs and not self._position.stopped:
                order = shuffled(self._train, self._plan.seed, self._position.epoch)
                while self._position.step < self._steps:
                    start = self._position.step * self._plan.batch_size
                    yield self._step(order[start : start + self._plan.batch_size], team)
                yield self._end_epoch(team)

    @property
    def parameters(self) -> Array:
        """All parameters as one vector, as they are now; training goes on to change it."""
        vector: Array = self._parameters.vector
        return vector

    @property
    def held_out(self) -> Labels:
        """The indices of the samples that are validated on, and never trained on."""
        return self._held_out

    def state(self) -> State:
        """A copy of all that the run needs to go on from here."""
        arrays = {name: array.copy() for name, array in self._arrays().items()}
        return State(asdict(self._position), arrays)

    def result(self) -> dict[str, Array]:
        """What a model that is made now should have, flat: the parameters, and the buffers.

        With an `ema` the parameters are the averaged ones, until the run ends with them in place.
        """
        average = None if self._has_ended else self._descent.average
        parameters = self._parameters.vector if average is None else average
        return {"parameters": parameters.copy(), "buffers": self._buffers.vector.copy()}

    def adopt(self, result: Mapping[str, Array]) -> None:
        """Give the network what `result` was at some moment; training cannot go on after it."""
        self._parameters.vector[...] = result["parameters"]
        self._buffers.vector[...] = result["buffers"]

    def finish(self) -> None:
        """Leave the weights that the run is for, wherever it stands; it cannot go on after it.

        With a patience these are the best epoch's, where one has ended; else the averaged ones, or
        those of the last step.
        """
        if self._plan.patience and self._position.best_epoch:
            self.adopt(self._best)
        elif self._descent.average is not None:
            self._parameters.vector[...] = self._descent.average

    @property
    def _has_ended(self) -> bool:
        return self._position.stopped or self._position.epoch >= self._plan.epochs

    def _is_worth_sharing(self) -> bool:
        """Whether a step is so much work that it pays to hand a part of it to another thread."""
        shape, numbers = self._samples.shape, self._parameters.size
        for layer in self._layers:
            shape = layer.output_shape(shape)
            numbers += math.prod(shape)
        return numbers >= _WORTH_SHARING

    def _arrays(self) -> dict[str, Array]:
        """Every array that changes from step to step, by the name that a state gives it."""
        arrays = {**self._descent.arrays(), "buffers": self._buffers.vector}
        if self._plan.patience:
            arrays.update({f"best_{name}": array for name, array in self._best.items()})
        return arrays

    def _restore(self, state: State) -> None:
        for name, array in self._arrays().items():
            if name not in state.arrays:
                raise ValueError(f"the state has no {name}, so it is of another optimizer or plan")
            saved = state.arrays[name]
            if saved.shape != array.shape:
                raise ValueError(
                    f"the state has {saved.size} numbers of {name}, this network {array.size}"
                )
            array[...] = saved
        self._position = Position(**state.position)

    def _step(self, batch: Labels, team: Team) -> StepDone:
        position, plan = self._position, self._plan
        losses, hits = self._backpropagate(batch, team)
        loss_sum = float(losses.sum())
        if not np.isfinite(loss_sum):
            raise self._diverged(batch)
        self._follow(batch)
        rate = plan.optimizer.learning_rate * plan.schedule.factor(
            position.epoch + position.step / self._steps, plan.epochs, 1 / self._steps
        )
        t = position.epoch * self._steps + position.step + 1
        position.gradient_norm = self._descent.step(len(losses), rate, t, team)
        position.learning_rate = rate
        position.step += 1
        position.seen += len(batch)
        position.loss_sum += loss_sum
        position.correct += int(hits.sum())
        position.norm_sum += position.gradient_norm
        return StepDone(
            position.epoch + 1,
            position.step,
            self._steps,
            position.seen,
            position.loss_sum / position.seen,
            position.correct / position.seen if self._classes is not None else None,
            rate,
            position.gradient_norm,
        )

    def _backpropagate(self, batch: Labels, team: Team) -> tuple[Array, Labels]:
        """Every shard's gradient, left in its memory; the sums of its losses and of its hits."""
        parts = self._parts(batch)
        losses = np.zeros(len(parts))
        hits = np.zeros(len(parts), int)

        def run(i: int) -> None:
            x = self._inputs(parts[i], i)
            targets = self._samples.targets(parts[i], x)
            loss, y, _, _ = backpropagation.backpropagate(
                self._layers,
                self._loss,
                x,
                targets,
                scratches=self._scratches[i],
                rng=self._generator(_LAYERS, i) if self._random else None,
                scale=1 / len(batch),
            )
            losses[i] = np.sum(loss, dtype=np.float64)
            if self._classes is not None:
                hits[i] = np.count_nonzero(y.argmax(axis=0) == self._classes[parts[i]])

        team.run(run, len(parts))
        return losses, hits

    def _parts(self, batch: Labels) -> list[Labels]:
        """The shards of a batch."""
        return shards(batch, self._shard)

    def _inputs(self, indices: Labels, shard: int) -> Array:
        """The samples of a shard, changed as the plan wants it."""
        augmentation = self._plan.augmentation
        if augmentation is None:
            return self._samples.inputs(indices, self._reads[shard])
        rng = self._generator(_AUGMENTATION, shard)
        return self._samples.inputs(
            indices, self._reads[shard], lambda images: augmentation.apply(images, rng)
        )

    def _generator(self, stream: int, shard: int) -> Generator:
        """Where one shard of this step draws from."""
        position = self._position
        return np.random.default_rng(
            [self._plan.seed, stream, position.epoch, position.step, shard]
        )

    def _follow(self, batch: Labels) -> None:
        """Let the buffers follow what the shards saw, each by its share of the batch."""
        if self._buffers.size == 0:
            return
        seen = np.zeros_like(self._buffers.vector)
        for part, statistic in zip(self._parts(batch), self._statistics, strict=False):
            seen += statistic * (len(part) / len(batch))
        self._buffers.vector *= _MEMORY
        self._buffers.vector += (1 - _MEMORY) * seen

    def _end_epoch(self, team: Team) -> EpochDone:
        position = self._position
        val_loss = val_accuracy = None
        if len(self._held_out):
            with self._averaged():
                held_out = score(self._layers, self._loss, self._samples, self._held_out, team)
            val_loss, val_accuracy = held_out.loss, held_out.accuracy
        train_loss = position.loss_sum / position.seen
        done = EpochDone(
            epoch=position.epoch + 1,
            train_loss=train_loss,
            train_accuracy=None if self._classes is None else position.correct / position.seen,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=position.learning_rate,
            gradient_norm=position.norm_sum / self._steps,
            best_epoch=0,
            stopped=False,
        )
        self._judge(done)
        self._position = replace(
            position,
            epoch=position.epoch + 1,
            step=0,
            seen=0,
            loss_sum=0.0,
            correct=0,
            norm_sum=0.0,
        )
        if self._has_ended:
            self.finish()
        return replace(done, best_epoch=position.best_epoch, stopped=position.stopped)

    def _judge(self, done: EpochDone) -> None:
        """Remember the best epoch; with a patience, keep its weights and know when to stop.

        The best has the highest validation accuracy; without classes, or without validation, the
        lowest loss.
        """
        position, plan = self._position, self._plan
        loss = done.train_loss if done.val_loss is None else done.val_loss
        value = -loss if done.val_accuracy is None else done.val_accuracy
        if position.best_value is None or value > position.best_value:
            position.best_value, position.best_epoch = value, done.epoch
            if plan.patience:
                for name, array in self.result().items():
                    self._best[name][...] = array
        if plan.patience is not None:
            position.stopped = done.epoch - position.best_epoch >= plan.patience

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Within the block the layers have the averaged weights, where there are some."""
        average, vector = self._descent.average, self._parameters.vector
        if average is None:
            yield
            return
        kept = vector.copy()
        vector[...] = average
        try:
            yield
        finally:
            vector[...] = kept

    def _diverged(self, batch: Labels) -> Diverged:
        """Name the first layer that left the finite numbers on this batch."""
        x = self._samples.inputs(batch, ReusedScratch())
        index = backpropagation.first_nonfinite(self._layers, x)
        if index is None:
            layer = f"{len(self._layers)}:{self._loss.name}"
        else:
            layer = f"{index}:{self._layers[index].name}"
        position = self._position
        return Diverged(
            position.epoch + 1,
            position.step + 1,
            layer,
            position.learning_rate,
            position.gradient_norm,
        )


def train(
    network: Trainable, samples: Samples, plan: Plan, state: State | None = None
) -> Iterator[Event]:
    """The events of `Training`, for callers that never save a state."""
    yield from Training(network, samples, plan, state)
