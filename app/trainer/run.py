"""One job in a process of its own: engine events become messages to the trainer.

It knows no database. It is given a job and perhaps a checkpoint, and reports progress, epochs,
checkpoints and at last a model, or why there is none. When its trainer dies it ends.
"""

import contextlib
import dataclasses
import logging
import math
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

import engine
from app import logs
from app.children import limits, messages
from app.domain.definitions import NetworkDefinition, build
from app.domain.jobs import JobConfig, StoppedBy
from app.formats import tensors
from app.log_ids import logged_with
from app.store import mnist
from app.store.chunks import Examples
from app.trainer import worth
from app.trainer.learned import Learned, receive
from app.vision import strokes
from engine.arrays import Array
from engine.batches import Samples
from engine.errors import Diverged
from engine.training import EpochDone, Event, StepDone, Training

PROGRESS_SECONDS = 0.2
NICENESS = 10
"""Predictions are answered while a job trains: the kernel gives them the processor first."""


OUT_OF_MEMORY = (
    "out_of_memory",
    "Not enough memory",
    "the network, its batch and the dataset need more memory than a job may have; use a smaller "
    "batch_size or a smaller network",
)
"""A failure's code, title and detail."""

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The trainer asked for a checkpoint and an end."""


class Run:
    """One attempt at a job.

    Args:
        pipe: To the trainer.
        job: What `attempt.py` sends: the job's definition and config, and settings.
        checkpoint: Where an earlier attempt stood, or a model's weights to begin with; empty for
            the first attempt of a job that begins from nothing.
        learned: The dataset.
    """

    def __init__(
        self, pipe: Connection, job: messages.Message, checkpoint: bytes, learned: Learned
    ) -> None:
        self._pipe = pipe
        self._learned = learned
        self._definition = NetworkDefinition.model_validate(job["definition"])
        self._config = JobConfig.model_validate(job["config"])
        self._threads: int = job["threads"]
        self._checkpoint_seconds: float = job["checkpoint_seconds"]
        self._spent: float = job["seconds"]
        self._max_seconds: float = min(self._config.max_seconds or math.inf, job["max_seconds"])
        self._network = build(self._definition, self._config.seed)
        self._network.loss = self._config.loss.build()
        self._epoch_weights: dict[str, Array] | None = None
        state = None
        if job["initial"]:
            tensors.unpack_weights(checkpoint, self._network.layers)
        elif checkpoint:
            state, self._epoch_weights = tensors.unpack_checkpoint(checkpoint)
        self._samples = self._train_samples()
        plan = self._config.plan(self._config.seed, self._threads)
        self._training = Training(self._network, self._samples, plan, state)
        self._probe = self._read_probe()
        self._began = time.monotonic()
        self._epoch_began = self._began
        self._epoch_seconds = 0.0
        # Samples of the epoch that an earlier attempt has seen: this one's speed is not theirs.
        self._seen_before = 0 if state is None else int(state.position["seen"])
        stands = {"epoch": 0, "step": 0} if state is None else state.position
        self._done = (stands["epoch"], stands["step"])

    def report(self) -> None:
        """Train to the end, and send the model or the reason why there is none."""
        try:
            stopped_by = self._train()
            epoch, step = self._done
            ended_after = {"epoch": epoch, "step": step}
            message = {"type": "succeeded", "stopped_by": stopped_by}
            self._send_model(message, {"ended_after": ended_after})
        except Stopped:
            self._send_checkpoint()
            messages.send(self._pipe, {"type": "stopped", "seconds": self._seconds})
        except Diverged as error:
            self._fail("diverged", "The training diverged", str(error), error)
        except MemoryError:
            limits.lift_memory_limit()
            self._fail(*OUT_OF_MEMORY, None)

    @property
    def _seconds(self) -> float:
        """Time spent on this job, over all attempts."""
        return self._spent + time.monotonic() - self._began

    def _examples(self) -> Examples:
        """The part of the training split that the job asks for."""
        examples = self._learned["train"]
        count = self._config.train_samples or len(examples.images)
        return Examples(examples.images[:count], examples.labels[:count])

    def _train_samples(self) -> Samples:
        examples = self._examples()
        return Samples(examples.images, None if self._learns_input() else examples.labels)

    def _read_probe(self) -> Array | None:
        """The drawing that is read while the network learns, as a batch of one."""
        if self._config.probe is None:
            return None
        image = strokes.rasterize(self._config.probe.lines).image
        return image.reshape(1, *self._definition.input_shape)

    def _learns_input(self) -> bool:
        shape = tuple(self._definition.input_shape)
        return self._config.loss.type == "mse" and self._network.output_shape(shape) == shape

    def _train(self) -> StoppedBy | None:
        """Train until the end, or until something stops it early: then what it was."""
        reported = saved = time.monotonic()
        step: StepDone | None = None
        stopped_by: StoppedBy | None = None
        for event in self._training:
            self._done = _done_after(event)
            now = time.monotonic()
            if isinstance(event, StepDone):
                step = event
                self._epoch_seconds = now - self._epoch_began
                if event.step == 1:
                    self._seen_before = 0
            else:
                self._end_epoch(event, now)
            stopped_by = self._stopped_by(event)
            if stopped_by is not None:
                self._training.finish()
                break
            if step is not None and now - reported >= PROGRESS_SECONDS:
                self._send_progress(step)
                self._send_probe(step)
                reported = now
            if now - saved >= self._checkpoint_seconds:
                self._send_checkpoint()
                saved = time.monotonic()
        if step is not None:
            self._send_progress(step)
            self._send_probe(step)
        return stopped_by

    def _stopped_by(self, event: Event) -> StoppedBy | None:
        """What ends the training after an event; asked before a checkpoint is made of it."""
        if isinstance(event, EpochDone) and event.stopped:
            return "early_stopping"
        replayed = self._config.stop_after
        if replayed is not None:
            if self._done == (replayed.epoch, replayed.step):
                return replayed.stopped_by
        elif self._seconds >= self._max_seconds:
            return "max_seconds"
        return self._asked_to_finish()

    def _asked_to_finish(self) -> StoppedBy | None:
        """Why the trainer wants a model now, if it has said so.

        Raises:
            Stopped: It wants a checkpoint instead.
        """
        if not self._pipe.poll():
            return None
        message, _ = messages.receive(self._pipe)
        if message["type"] == "stop":
            raise Stopped
        stopped_by: StoppedBy = message["stopped_by"]
        return stopped_by

    def _end_epoch(self, event: EpochDone, now: float) -> None:
        self._epoch_weights = self._training.result()
        self._send_epoch(event, now)
        self._epoch_began = now

    def _send_progress(self, event: StepDone) -> None:
        done = (event.epoch - 1) * event.steps + event.step
        total = self._config.epochs * event.steps
        rate = max(event.seen - self._seen_before, 1) / max(self._epoch_seconds, 1e-9)
        samples_left = (total - done) * self._config.batch_size
        progress = {
            "epoch": event.epoch,
            "epochs": self._config.epochs,
            "step": done,
            "steps": total,
            "fraction": done / total,
            "samples_per_second": rate,
            "eta_seconds": samples_left / rate,
        }
        metrics = {"train_loss": event.loss, "train_accuracy": event.accuracy}
        message = {
            "type": "progress",
            "progress": finite(progress),
            "metrics": finite(metrics),
            "learning_rate": event.learning_rate,
            "seconds": self._seconds,
        }
        messages.send(self._pipe, message)

    def _send_probe(self, event: StepDone) -> None:
        """What the network makes of the drawing at this moment."""
        if self._probe is None:
            return
        (y,) = self._network.predict(self._probe)
        done = (event.epoch - 1) * event.steps + event.step
        data: dict[str, Any] = {"epoch": event.epoch, "step": done}
        if self._learns_input():
            data["reconstruction_error"] = float(np.mean(np.square(y - self._probe[0])))
        elif np.isfinite(y).all():
            data["probabilities"] = [float(p) for p in y]
            data["label"] = int(y.argmax())
        message = {"type": "probe", "data": finite(data), "seconds": self._seconds}
        messages.send(self._pipe, message)

    def _send_epoch(self, event: EpochDone, now: float) -> None:
        entry = dataclasses.asdict(event)
        best_epoch = entry.pop("best_epoch")
        entry.pop("stopped")
        entry["seconds"] = now - self._epoch_began
        message = {
            "type": "epoch",
            "entry": finite(entry),
            "best_epoch": best_epoch,
            "seconds": self._seconds,
        }
        messages.send(self._pipe, message)

    def _send_checkpoint(self) -> None:
        content = tensors.pack_checkpoint(self._training.state(), self._epoch_weights)
        messages.send(self._pipe, {"type": "checkpoint", "seconds": self._seconds}, content)

    def _send_model(self, message: messages.Message, of_end: dict[str, Any]) -> None:
        """Send the weights as they are now, calibrated, with what they are worth and know.

        Args:
            message: What kind of an end this is.
            of_end: What its receipt says more.
        """
        network, threads = self._network, self._threads
        temperature = None
        if self._config.loss.type == "cross_entropy":
            held_out = self._training.held_out
            temperature = worth.calibrate(network, self._samples, held_out, threads)
        message["receipt"] = {**self._receipt(), "temperature": temperature, **of_end}
        learns_input = self._learns_input()
        message["metrics"] = finite(
            worth.on_test_split(network, self._learned["test"], threads, learns_input=learns_input)
        )
        known = worth.familiarity_with(self._examples())
        if known is not None:
            messages.send(self._pipe, {"type": "familiarity"}, known)
        message["seconds"] = self._seconds
        messages.send(self._pipe, message, tensors.pack_weights(self._network.layers))

    def _fail(self, code: str, title: str, detail: str, diverged: Diverged | None) -> None:
        """Report a failure; with the weights that the last whole epoch left, where one ended."""
        error: dict[str, Any] = {"code": code, "title": title, "detail": detail}
        if diverged is not None:
            error["epoch"], error["step"] = diverged.epoch, diverged.step
            error["layer"], error["learning_rate"] = diverged.layer, diverged.learning_rate
            error["gradient_norm"] = diverged.gradient_norm
        message = {"type": "failed", "error": finite(error), "seconds": self._seconds}
        weights = self._epoch_weights
        if weights is None or not all(np.isfinite(array).all() for array in weights.values()):
            messages.send(self._pipe, message)
            return
        self._training.adopt(weights)
        self._send_model(message, {})

    def _receipt(self) -> dict[str, Any]:
        """What decided the weights, on this side of the pipe."""
        return {
            "engine_version": engine.__version__,
            "numpy_version": np.__version__,
            "threads": self._threads,
        }


def _done_after(event: Event) -> tuple[int, int]:
    """The epochs that are done, and the steps of the next."""
    return (event.epoch, 0) if isinstance(event, EpochDone) else (event.epoch - 1, event.step)


def finite(values: dict[str, Any]) -> dict[str, Any]:
    """Numbers for JSON: one that is not finite becomes null, and `nonfinite` says what it was."""
    wild = [v for v in values.values() if isinstance(v, float) and not math.isfinite(v)]
    if not wild:
        return values
    calm = {
        name: None if isinstance(v, float) and not math.isfinite(v) else v
        for name, v in values.items()
    }
    return {**calm, "nonfinite": str(wild[0])}


def main(descriptor: int, parent: int) -> None:
    """The child's whole life; its trainer starts it with the pipe's file descriptor."""
    logs.to_stderr("WARNING")
    limits.end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    pipe = Connection(descriptor)
    try:
        job, checkpoint = messages.receive(pipe)
    except EOFError:
        sys.exit(1)
    with logged_with(job_id=job["job_id"]):
        _run(pipe, job, checkpoint)


def _run(pipe: Connection, job: messages.Message, checkpoint: bytes) -> None:
    """Run the job, and report whatever comes of it."""
    limits.limit_memory(job["memory_bytes"])
    try:
        Run(pipe, job, checkpoint, receive(pipe, job["dataset"])).report()
    except MemoryError:  # before there was anything to train, or twice
        limits.lift_memory_limit()
        error = dict(zip(("code", "title", "detail"), OUT_OF_MEMORY, strict=True))
        messages.send(pipe, {"type": "failed", "error": error, "seconds": job["seconds"]})
    except mnist.CorruptDataset as corrupt:
        messages.send(pipe, {"type": "dataset_gone", "reason": str(corrupt)})
    except (BrokenPipeError, EOFError):
        sys.exit(1)
    except Exception:
        # What nobody foresaw goes to the log, and to the client as a failure without its details.
        log.exception("the training failed")
        error = {
            "code": "internal_error",
            "title": "The training stopped with an error of the service",
            "detail": "this is a defect of the service, not of the job; its log has the details",
        }
        messages.send(pipe, {"type": "failed", "error": error, "seconds": 0.0})


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
