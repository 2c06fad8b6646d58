"""Jobs, models and sweeps that can be asked for more."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self, overload

from app.client import calls, jobs, models, predictions, sweeps
from app.client.blocking.transport import Bound
from app.client.events import Event, EventFeed
from app.client.inputs import Input, as_sequence
from app.client.jobs import JobRecord
from app.client.models import Evaluation, ModelRecord
from app.client.predictions import Prediction
from app.client.progress import Progress
from app.client.sweeps import SweepRecord


class Model(ModelRecord, Bound):
    """A trained model; see `ModelRecord` for its attributes."""

    @overload
    def predict(  # type: ignore[overload-overlap]  # a str is a path, no sequence of them
        self, inputs: Input, *, top_k: int = 3, include: Sequence[str] = ()
    ) -> Prediction: ...
    @overload
    def predict(
        self, inputs: Sequence[Input], *, top_k: int = 3, include: Sequence[str] = ()
    ) -> list[Prediction]: ...
    def predict(
        self, inputs: Input | Sequence[Input], *, top_k: int = 3, include: Sequence[str] = ()
    ) -> Prediction | list[Prediction]:
        """Read one input, or each of a list.

        Args:
            inputs: The path of an image, its bytes, a Pillow image, `Strokes`, an array (`uint8`:
                an image; floats: what the network takes, 0 to 1), or a list of any of these.
            top_k: How many classes `top_k` names.
            include: More to answer: `preprocessed`, `saliency`, `activations`.

        Raises:
            InvalidRequest: Something cannot be read; `errors` says which and why.
        """
        many, several = as_sequence(inputs)
        read = self._transport.run(predictions.predict(self.id, many, top_k, include))
        return read if several else read[0]

    def evaluate(self, dataset: str = "mnist", split: str = "test") -> Evaluation:
        """Read every sample of a dataset's split and compare with its label."""
        return self._transport.run(models.evaluate(self.id, dataset, split))

    def export(self, format: str = "safetensors") -> bytes:  # noqa: A002 - what it is
        """The model as a file: safetensors, npz, onnx or keras."""
        return self._transport.run(models.export(self.id, format))

    def save(self, file: str | Path) -> None:
        """Write the model into a file; its suffix says the format: digits.onnx."""
        path = Path(file)
        path.write_bytes(self.export(path.suffix.removeprefix(".")))

    def filters(self) -> bytes:
        """What the units of the first layer look for, as a PNG."""
        return self._transport.run(models.filters(self.id))

    def delete(self) -> None:
        """Remove it.

        Raises:
            Conflict: An alias points at it.
        """
        self._transport.run(calls.delete(models.path_of(self.id)))


class Job(JobRecord, Bound):
    """A training job; see `JobRecord` for its attributes. Its methods bring them up to date."""

    def refresh(self) -> Self:
        """Ask for it again."""
        self._become(self._transport.run(calls.read(type(self), jobs.path_of(self.id))))
        return self

    def wait(
        self, *, timeout: float | None = None, progress: bool = False, check: bool = True
    ) -> Self:
        """Wait until it has ended, also while the service is started again.

        Args:
            timeout: Seconds to wait at most; None: as long as it takes.
            progress: Show it on stderr: a bar on a terminal, elsewhere one line at the end.
            check: Raise where it has not succeeded.

        Raises:
            JobFailed: It has failed or was cancelled.
            TookTooLong: It has not ended in time; it goes on.
        """
        seen = Progress(sys.stderr).show if progress else None
        self._become(self._transport.run(jobs.wait(type(self), self.id, timeout, seen)))
        if check:
            self.require_success()
        return self

    def events(self, after: int | None = None) -> Iterator[Event]:
        """What happens to it, until its end; lost connections are made again, and lose nothing.

        Args:
            after: Only what follows the event with this id; 0: everything from the first on;
                None: a `snapshot` of the job as it is, and what follows.
        """
        return self._transport.events(EventFeed(self.id, after))

    def model(self) -> Model:
        """The model that it left.

        Raises:
            JobFailed: It has ended without one.
            ValueError: It has not ended.
        """
        return self._transport.bound(calls.read(Model, models.path_of(self.require_model())))

    def cancel(self) -> Self:
        """End it now; asking again is no error."""
        return self._act("cancel")

    def pause(self) -> Self:
        """Stop it where it stands, to be resumed."""
        return self._act("pause")

    def resume(self) -> Self:
        """Go on with it, to the weights of a job that was never paused."""
        return self._act("resume")

    def replay(self) -> "Job":
        """Train it again: the receipt of the new job says whether the weights are identical."""
        return self._transport.bound(jobs.replay(Job, self.id))

    def update(
        self,
        *,
        name: str | None = None,
        notes: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Self:
        """Change what a person says of it; what is not given stays."""
        given = {"name": name, "notes": notes, "tags": tags}
        labels = {field: value for field, value in given.items() if value is not None}
        self._become(self._transport.run(jobs.label(type(self), self.id, labels)))
        return self

    def delete(self) -> None:
        """Remove it; the model that it left stays.

        Raises:
            Conflict: It has not ended.
        """
        self._transport.run(calls.delete(jobs.path_of(self.id)))

    def _act(self, action: str) -> Self:
        self._become(self._transport.run(jobs.act(type(self), self.id, action)))
        return self


class Sweep(SweepRecord, Bound):
    """Jobs that were started together; see `SweepRecord` for its attributes."""

    def refresh(self) -> Self:
        """Ask for it again."""
        self._become(self._transport.run(calls.read(type(self), sweeps.path_of(self.id))))
        return self

    def wait(self, *, timeout: float | None = None) -> Self:
        """Wait until every trial has ended, at most so many seconds.

        Raises:
            TookTooLong: They have not ended in time; they go on.
        """
        self._become(self._transport.run(sweeps.wait(type(self), self.id, timeout)))
        return self

    def best(self) -> Job:
        """The job of the trial that ranks first.

        Raises:
            ValueError: No trial has a figure yet.
        """
        return self._transport.bound(calls.read(Job, jobs.path_of(self.require_best())))

    def cancel(self) -> Self:
        """Cancel every trial that has not ended; asking again is no error."""
        self._become(self._transport.run(sweeps.cancel(type(self), self.id)))
        return self
