"""The same as in `app/client/blocking/resources.py`, which says what its arguments are."""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from app.client import calls, datasets, jobs, models, networks, sweeps
from app.client.asynchronous.objects import AsyncJob, AsyncModel, AsyncSweep
from app.client.asynchronous.transport import AsyncTransport
from app.client.datasets import Dataset, Sample
from app.client.inputs import Input
from app.client.jobs import JobOptions, Plan
from app.client.models import Alias, Comparison
from app.client.networks import Gradcheck, Network, NetworkSummary


class AsyncResource:
    """One kind of thing, over a client's connections."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport


class AsyncNetworks(AsyncResource):
    """Definitions of networks."""

    async def create(
        self,
        layers: Sequence[Mapping[str, Any]] | None = None,
        *,
        preset: str | None = None,
        input_shape: Sequence[int] = (1, 28, 28),
        name: str | None = None,
    ) -> Network:
        """Store a network, layer by layer (as `{"type": "relu"}`) or by the name of a preset."""
        body = networks.definition(layers, preset, input_shape, name)
        return await self._transport.run(calls.create(Network, "/v1/networks", body))

    async def validate(
        self,
        layers: Sequence[Mapping[str, Any]] | None = None,
        *,
        preset: str | None = None,
        input_shape: Sequence[int] = (1, 28, 28),
        name: str | None = None,
    ) -> NetworkSummary:
        """Judge a network as `create` does, and store nothing."""
        body = networks.definition(layers, preset, input_shape, name)
        return await self._transport.run(calls.ask(NetworkSummary, "/v1/networks/validate", body))

    async def get(self, network_id: str) -> Network:
        """One network."""
        return await self._transport.run(calls.read(Network, networks.path_of(network_id)))

    async def gradcheck(self, network_id: str) -> Gradcheck:
        """Check backpropagation of a network against central differences, in float64."""
        return await self._transport.run(networks.gradcheck(network_id))

    async def delete(self, network_id: str) -> None:
        """Remove a network that no unfinished job and no model needs."""
        await self._transport.run(calls.delete(networks.path_of(network_id)))

    def list(self) -> AsyncIterator[Network]:
        """The networks, newest first."""
        return self._transport.items(partial(calls.page, Network, "/v1/networks", {}))


class AsyncDatasets(AsyncResource):
    """Datasets; `mnist` is always there."""

    async def get(self, name: str = "mnist") -> Dataset:
        """One dataset."""
        return await self._transport.run(calls.read(Dataset, datasets.path_of(name)))

    async def create(
        self,
        name: str,
        *,
        copy_of: str | None = None,
        sample_shape: Sequence[int] | None = None,
        classes: Sequence[str] | None = None,
    ) -> Dataset:
        """Make a dataset without a file: a copy of another, or one without samples."""
        return await self._transport.run(datasets.make(name, copy_of, sample_shape, classes))

    async def upload(self, name: str, file: str | Path) -> Dataset:
        """Make a dataset of a file: .npz, a zip of IDX files, or a zip of folders of images."""
        return await self._transport.run(datasets.upload(name, file))

    async def add_sample(self, name: str, image: Input, label: str, split: str = "train") -> Sample:
        """Add one labelled image, which makes a new version of the dataset."""
        return await self._transport.run(datasets.add_sample(name, image, label, split))

    def samples(
        self, name: str = "mnist", split: str = "test", label: str | None = None
    ) -> AsyncIterator[Sample]:
        """The samples of a split in their order, all or those of a class."""
        path, params = f"{datasets.path_of(name)}/samples", {"split": split, "label": label}
        return self._transport.items(partial(calls.page, Sample, path, params))

    async def sample(self, index: int, name: str = "mnist", split: str = "test") -> bytes:
        """One sample as a PNG."""
        return (await self._transport.run(datasets.png(name, index, split))).content

    async def delete(self, name: str) -> None:
        """Remove a dataset."""
        await self._transport.run(calls.delete(datasets.path_of(name)))

    def list(self) -> AsyncIterator[Dataset]:
        """Every dataset."""
        return self._transport.items(partial(calls.page, Dataset, "/v1/datasets", {}))


class AsyncJobs(AsyncResource):
    """Training jobs."""

    async def create(self, **options: Unpack[JobOptions]) -> AsyncJob:
        """Train a network in the background; `JobOptions` lists what can be said."""
        return await self._transport.bound(jobs.submit(AsyncJob, options))

    async def plan(self, **options: Unpack[JobOptions]) -> Plan:
        """What a job would be and cost, with nothing stored."""
        return await self._transport.run(jobs.plan(options))

    async def get(self, job_id: str) -> AsyncJob:
        """One job."""
        return await self._transport.bound(calls.read(AsyncJob, jobs.path_of(job_id)))

    def list(self, *, status: str | None = None, tag: str | None = None) -> AsyncIterator[AsyncJob]:
        """The jobs, newest first: all, or those in a status or with a tag."""
        params = {"status": status, "tag": tag}
        return self._transport.things(partial(calls.page, AsyncJob, "/v1/jobs", params))


class AsyncModels(AsyncResource):
    """What jobs have left, and what was imported."""

    async def get(self, model: str = "latest") -> AsyncModel:
        """One model, by its id or an alias; by default the newest."""
        return await self._transport.bound(calls.read(AsyncModel, models.path_of(model)))

    async def upload(
        self,
        file: str | Path,
        *,
        network: Mapping[str, Any] | None = None,
        name: str | None = None,
        classes: Sequence[str] | None = None,
    ) -> AsyncModel:
        """Import a file that this service exported, or weights with their network."""
        labels = None if classes is None else [*classes]
        return await self._transport.bound(models.upload(AsyncModel, file, network, name, labels))

    async def compare(
        self, a: str, b: str, dataset: str = "mnist", split: str = "test"
    ) -> Comparison:
        """Two models on the same samples, with McNemar's exact test of their difference."""
        return await self._transport.run(models.compare(a, b, dataset, split))

    def list(self) -> AsyncIterator[AsyncModel]:
        """The models, newest first."""
        return self._transport.things(partial(calls.page, AsyncModel, "/v1/models", {}))


class AsyncAliases(AsyncResource):
    """Names for models that can be moved from one to the next."""

    async def get(self, alias: str) -> Alias:
        """One alias, with the models that it named before."""
        return await self._transport.run(calls.read(Alias, models.alias_path(alias)))

    async def point(self, alias: str, model_id: str) -> Alias:
        """Point an alias at a model; where there is none, make it."""
        return await self._transport.run(models.point(alias, model_id))

    async def delete(self, alias: str) -> None:
        """Remove an alias; the model stays."""
        await self._transport.run(calls.delete(models.alias_path(alias)))

    def list(self) -> AsyncIterator[Alias]:
        """The aliases, the one that moved last first."""
        return self._transport.items(partial(calls.page, Alias, "/v1/aliases", {}))


class AsyncSweeps(AsyncResource):
    """Many jobs at once."""

    async def create(
        self,
        grid: Mapping[str, Sequence[Any]],
        *,
        metric: str = "val_accuracy",
        max_trials: int = 20,
        grace_epochs: int | None = None,
        **base: Unpack[JobOptions],
    ) -> AsyncSweep:
        """Train a job for every combination of a grid's values, or for as many as are drawn."""
        steps = sweeps.start(AsyncSweep, grid, metric, max_trials, grace_epochs, base)
        return await self._transport.bound(steps)

    async def get(self, sweep_id: str) -> AsyncSweep:
        """One sweep."""
        return await self._transport.bound(calls.read(AsyncSweep, sweeps.path_of(sweep_id)))
