"""Training as a generator of events.

Pause, cancel, checkpoint and progress are what its caller does between two of them: no callback, no
clock, no file. The order of samples and every random draw are functions of the seed and the
position, so a `State` (the arrays and a few numbers) is all there is to save, and a run that was
saved and restored at any event ends with the same bits as one that was not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from engine import backpropagation
from engine.arrays import Array, Labels
from engine.batches import Samples, shards, shuffled, split
from engine.errors import Diverged
from engine.evaluation import score
from engine.layers.base import Layer
from engine.losses import Loss, fuse
from engine.optimizers import BLOCK, Optimizer
from engine.parallel import Team, single_threaded_blas
from engine.parameters import FlatParameters
from engine.schedules import Constant, Schedule
from engine.scratch import ReusedScratch

_DROPOUT = 2
"""The stream of random numbers for layers that draw some (batches.py has streams 0 and 1)."""


class Trainable(Protocol):
    """All that training needs to know of a network."""

    layers: list[Layer]
    loss: Loss | None


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        optimizer: What moves the parameters.
        schedule: How its rate changes.
        epochs: Passes over the training samples.
        batch_size: Samples a step; the last of an epoch may be smaller.
        validation_split: The share of samples that is held out to validate on, 0 to below 1.
        patience: Stop after so many epochs without a better validation, and go back to the best
            weights; None: never.
        seed: Decides the split, the order and every random draw.
        threads: How many cores to use; no influence on the result.
    """

    optimizer: Optimizer
    schedule: Schedule = field(default_factory=Constant)
    epochs: int = 5
    batch_size: int = 128
    validation_split: float = 0.1
    patience: int | None = None
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"seed is 0 or more, got {self.seed}")
        if not 0 <= self.validation_split < 1:
            raise ValueError(f"validation_split is 0 to below 1, got {self.validation_split}")
        if self.patience is not None and self.patience < 1:
            raise ValueError(f"patience is at least 1 or None, got {self.patience}")
        if self.patience is not None and self.validation_split == 0:
            raise ValueError("patience needs a validation_split above 0")


@dataclass
class Position:
    """Where a run stands: epochs and steps that are done, and the sums over the current epoch."""

    epoch: int = 0
    step: int = 0
    seen: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    norm_sum: float = 0.0
    learning_rate: float = 0.0
    gradient_norm: float = 0.0
    best_epoch: int = 0
    best_value: float | None = None
    stopped: bool = False


@dataclass(frozen=True)
class State:
    """Everything that a run needs to go on: numbers for JSON, and flat arrays by name."""

    position: Mapping[str, Any]
    arrays: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class StepDone:
    """A batch has been learnt; `loss` and `accuracy` are means over the epoch so far.

    Attributes:
        epoch: The epoch, from 1.
        step: The step within it, from 1.
        steps: Steps of an epoch.
        seen: Samples of the epoch so far.
        loss: The mean training loss.
        accuracy: The mean training accuracy; None where there are no classes.
        learning_rate: The rate of this step.
        gradient_norm: The norm of this step's gradient, before it was clipped.
    """

    epoch: int
    step: int
    steps: int
    seen: int
    loss: float
    accuracy: float | None
    learning_rate: float
    gradient_norm: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """An epoch has ended and was validated (None where nothing is held out, or has no classes).

    Attributes:
        epoch: The epoch, from 1.
        train_loss: The mean over the epoch, while its weights were moving.
        train_accuracy: The same of the accuracy.
        val_loss: The loss on the samples that are held out.
        val_accuracy: The accuracy on them.
        learning_rate: The rate of the last step.
        gradient_norm: The mean norm of the gradients.
        best_epoch: The epoch with the best validation so far.
        stopped: Whether training ends here because its patience did.
    """

    epoch: int
    train_loss: float
    train_accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    learning_rate: float
    gradient_norm: float
    best_epoch: int
    stopped: bool


Event = StepDone | EpochDone


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
        self._layers, self._loss = fuse(network.layers, network.loss)
        self._random = any(layer.trains_differently for layer in self._layers)
        self._train, self._held_out = split(len(samples), plan.validation_split, plan.seed)
        if len(self._train) == 0:
            raise ValueError("no samples are left to train on")
        self._steps = -(-len(self._train) // plan.batch_size)
        self._flat = FlatParameters(network.layers, np.float32)
        most = len(shards(np.arange(min(plan.batch_size, len(self._train)))))
        self._gradients = np.zeros((most, self._flat.size), np.float32)
        cut = [self._flat.views(gradient) for gradient in self._gradients]
        fused = slice(0, len(self._layers))
        self._scratches = [backpropagation.reused_scratches(self._layers, c[fused]) for c in cut]
        self._reads = [ReusedScratch() for _ in cut]
        self._slots = [np.zeros(self._flat.size, np.float32) for _ in plan.optimizer.slot_names]
        self._best = np.zeros(self._flat.size if plan.patience else 0, np.float32)
        self._work = np.empty((plan.threads, BLOCK), np.float32)
        self._position = Position()
        if state is not None:
            self._restore(state)

    def __iter__(self) -> Iterator[Event]:
        """Every step and epoch that is left."""
        with Team(self._plan.threads) as team, single_threaded_blas():
            while self._position.epoch < self._plan.epochs and not self._position.stopped:
                order = shuffled(self._train, self._plan.seed, self._position.epoch)
                while self._position.step < self._steps:
                    start = self._position.step * self._plan.batch_size
                    yield self._step(order[start : start + self._plan.batch_size], team)
                yield self._end_epoch(team)

    @property
    def parameters(self) -> Array:
        """All parameters as one vector, as they are now; training goes on to change it."""
        return self._flat.vector

    def state(self) -> State:
        """A copy of all that the run needs to go on from here."""
        arrays = {name: array.copy() for name, array in self._arrays().items()}
        return State(asdict(self._position), arrays)

    def _arrays(self) -> dict[str, Array]:
        """Every array that changes from step to step, by the name that a state gives it."""
        arrays = {"parameters": self._flat.vector}
        arrays.update(zip(self._plan.optimizer.slot_names, self._slots, strict=True))
        if self._plan.patience:
            arrays["best"] = self._best
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
        parts = shards(batch)
        losses = np.zeros(len(parts))
        hits = np.zeros(len(parts), int)
        classes = self._classes

        def run(i: int) -> None:
            x = self._samples.inputs(parts[i], self._reads[i])
            targets = self._samples.targets(parts[i], x)
            loss, y, _, _ = backpropagation.backpropagate(
                self._layers,
                self._loss,
                x,
                targets,
                scratches=self._scratches[i],
                rng=self._generator(i),
                scale=1 / len(batch),
            )
            losses[i] = np.sum(loss, dtype=np.float64)
            if classes is not None:
                hits[i] = np.count_nonzero(y.argmax(axis=0) == classes[parts[i]])

        team.run(run, len(parts))
        loss_sum = float(losses.sum())
        if not np.isfinite(loss_sum):
            raise self._diverged(batch)
        rate = plan.optimizer.learning_rate * plan.schedule.factor(
            position.epoch + position.step / self._steps, plan.epochs, 1 / self._steps
        )
        position.gradient_norm = self._descend(len(parts), rate, team)
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
            position.correct / position.seen if classes is not None else None,
            rate,
            position.gradient_norm,
        )

    def _generator(self, shard: int) -> np.random.Generator | None:
        """Where the layers of one shard draw from in this step; None: no layer draws."""
        if not self._random:
            return None
        position = self._position
        return np.random.default_rng(
            [self._plan.seed, _DROPOUT, position.epoch, position.step, shard]
        )

    def _descend(self, parts: int, rate: float, team: Team) -> float:
        """Sum the shards' gradients and move the parameters; the norm of the gradient.

        Blocks are shared between the threads, and every sum has an order of its own, so that its
        bits do not depend on who made it.
        """
        optimizer = self._plan.optimizer
        update = self._position.epoch * self._steps + self._position.step + 1
        total = self._gradients[0]
        blocks = [slice(o, o + BLOCK) for o in range(0, self._flat.size, BLOCK)]
        squares = np.zeros(len(blocks))
        threads = min(self._plan.threads, len(blocks))
        clip = optimizer.clip_norm

        def add(i: int) -> None:
            g = total[blocks[i]]
            for other in self._gradients[1:parts]:
                g += other[blocks[i]]
            squares[i] = np.dot(g, g)

        def move(i: int, work: Array, factor: float) -> None:
            block = blocks[i]
            g = total[block]
            if factor != 1:
                g *= factor
            slots = [slot[block] for slot in self._slots]
            p = self._flat.vector[block]
            optimizer.step(p, g, slots, work[: len(p)], rate, update)

        def add_and_move(thread: int) -> None:
            for i in range(thread, len(blocks), threads):
                add(i)
                if clip is None:
                    move(i, self._work[thread], 1)

        team.run(add_and_move, threads)
        norm = float(np.sqrt(squares.sum()))
        if clip is not None:
            factor = clip / norm if norm > clip else 1.0

            def move_clipped(thread: int) -> None:
                for i in range(thread, len(blocks), threads):
                    move(i, self._work[thread], factor)

            team.run(move_clipped, threads)
        return norm

    def _end_epoch(self, team: Team) -> EpochDone:
        position = self._position
        val_loss = val_accuracy = None
        if len(self._held_out):
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
                self._best[...] = self._flat.vector
        if plan.patience is None:
            return
        position.stopped = done.epoch - position.best_epoch >= plan.patience
        if position.stopped or done.epoch == plan.epochs:
            self._flat.vector[...] = self._best

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
