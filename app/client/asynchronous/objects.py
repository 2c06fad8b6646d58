"""The same as in `app/client/blocking/objects.py`, which says what its arguments are."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Self, overload

from app.client import calls, jobs, models, predictions, sweeps
from app.client.asynchronous.transport import AsyncBound
from app.client.events import Event, EventFeed
from app.client.inputs import Input, as_sequence
from app.client.jobs import JobRecord
from app.client.models import Evaluation, ModelRecord
from app.client.predictions import Prediction
from app.client.progress import Progress
from app.client.sweeps import SweepRecord


class AsyncModel(ModelRecord, AsyncBound):
    """A trained model; see `ModelRecord` for its attributes."""

    @overload
    async def predict(  # type: ignore[overload-overlap]  # a str is a path, no sequence of them
        self, inputs: Input, *, top_k: int = 3, include: Sequence[str] = ()
    ) -> Prediction: ...
    @overload
    async def predict(
        self, inputs: Sequence[Input], *, top_k: int = 3, include: Sequence[str] = ()
    ) -> list[Prediction]: ...
    async def predict(
        self, inputs: Input | Sequence[Input], *, top_k: int = 3, include: Sequence[str] = ()
    ) -> Prediction | list[Prediction]:
        """Read one input, or each of a list."""
        many, several = as_sequence(inputs)
        read = await self._transport.run(predictions.predict(self.id, many, top_k, include))
        return read if several else read[0]

    async def evaluate(self, dataset: str = "mnist", split: str = "test") -> Evaluation:
        """Read every sample of a dataset's split and compare with its label."""
        return await self._transport.run(models.evaluate(self.id, dataset, split))

    async def export(self, format: str = "safetensors") -> bytes:  # noqa: A002 - what it is
        """The model as a file: safetensors, npz, onnx or keras."""
        return await self._transport.run(models.export(self.id, format))

    async def save(self, file: str | Path) -> None:
        """Write the model into a file; its suffix says the format: digits.onnx."""
        path = Path(file)
        content = await self.export(path.suffix.removeprefix("."))
        await asyncio.to_thread(path.write_bytes, content)

    async def filters(self) -> bytes:
        """What the units of the first layer look for, as a PNG."""
        return await self._transport.run(models.filters(self.id))

    async def delete(self) -> None:
        """Remove it."""
        await self._transport.run(calls.delete(models.path_of(self.id)))


class AsyncJob(JobRecord, AsyncBound):
    """A training job; see `JobRecord` for its attributes. Its methods bring them up to date."""

    async def refresh(self) -> Self:
        """Ask for it again."""
        self._become(await self._transport.run(calls.read(type(self), jobs.path_of(self.id))))
        return self

    async def wait(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as in the other client
        progress: bool = False,
        check: bool = True,
    ) -> Self:
        """Wait until it has ended, also while the service is started again."""
        seen = Progress(sys.stderr).show if progress else None
        self._become(await self._transport.run(jobs.wait(type(self), self.id, timeout, seen)))
        if check:
            self.require_success()
        return self

    def events(self, after: int | None = None) -> AsyncIterator[Event]:
        """What happens to it, until its end; lost connections are made again, and lose nothing."""
        return self._transport.events(EventFeed(self.id, after))

    async def model(self) -> AsyncModel:
        """The model that it left."""
        return await self._transport.bound(
            calls.read(AsyncModel, models.path_of(self.require_model()))
        )

    async def cancel(self) -> Self:
        """End it now; asking again is no error."""
        return await self._act("cancel")

    async def pause(self) -> Self:
        """Stop it where it stands, to be resumed."""
        return await self._act("pause")

    async def resume(self) -> Self:
        """Go on with it, to the weights of a job that was never paused."""
        return await self._act("resume")

    async def replay(self) -> "AsyncJob":
        """Train it again: the receipt of the new job says whether the weights are identical."""
        return await self._transport.bound(jobs.replay(AsyncJob, self.id))

    async def update(
        self,
        *,
        name: str | None = None,
        notes: str | None = None,
        tags: Sequence[str] | None = None,
    ) -> Self:
        """Change what a person says of it; what is not given stays."""
        given = {"name": name, "notes": notes, "tags": tags}
        labels = {field: value for field, value in given.items() if value is not None}
        self._become(await self._transport.run(jobs.label(type(self), self.id, labels)))
        return self

    async def delete(self) -> None:
        """Remove it; the model that it left stays."""
        await self._transport.run(calls.delete(jobs.path_of(self.id)))

    async def _act(self, action: str) -> Self:
        self._become(await self._transport.run(jobs.act(type(self), self.id, action)))
        return self


class AsyncSweep(SweepRecord, AsyncBound):
    """Jobs that were started together; see `SweepRecord` for its attributes."""

    async def refresh(self) -> Self:
        """Ask for it again."""
        self._become(await self._transport.run(calls.read(type(self), sweeps.path_of(self.id))))
        return self

    async def wait(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - as in the other client
    ) -> Self:
        """Wait until every trial has ended, at most so many seconds."""
        self._become(await self._transport.run(sweeps.wait(type(self), self.id, timeout)))
        return self

    async def best(self) -> AsyncJob:
        """The job of the trial that ranks first."""
        return await self._transport.bound(calls.read(AsyncJob, jobs.path_of(self.require_best())))

    async def cancel(self) -> Self:
        """Cancel every trial that has not ended; asking again is no error."""
        self._become(await self._transport.run(sweeps.cancel(type(self), self.id)))
        return self
