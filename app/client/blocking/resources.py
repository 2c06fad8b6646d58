"""What there is at a service, by kind: `client.jobs`, `client.models` and so on."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from app.client import calls, datasets, jobs, models, networks, sweeps
from app.client.blocking.objects import Job, Model, Sweep
from app.client.blocking.transport import Transport
from app.client.datasets import Dataset, Sample
from app.client.inputs import Input
from app.client.jobs import JobOptions, Plan
from app.client.models import Alias, Comparison
from app.client.networks import Gradcheck, Network, NetworkSummary


class Resource:
    """One kind of thing, over a client's connections."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport


class Networks(Resource):
    """Definitions of networks."""

    def create(
        self,
        layers: Sequence[Mapping[str, Any]] | None = None,
        *,
        preset: str | None = None,
        input_shape: Sequence[int] = (1, 28, 28),
        name: str | None = None,
    ) -> Network:
        """Store a network, layer by layer (as `{"type": "relu"}`) or by the name of a preset.

        Raises:
            InvalidRequest: Its shapes do not fit; `errors` says at which layer.
        """
        body = networks.definition(layers, preset, input_shape, name)
        return self._transport.run(calls.create(Network, "/v1/networks", body))

    def validate(
        self,
        layers: Sequence[Mapping[str, Any]] | None = None,
        *,
        preset: str | None = None,
        input_shape: Sequence[int] = (1, 28, 28),
        name: str | None = None,
    ) -> NetworkSummary:
        """Judge a network as `create` does, and store nothing."""
        body = networks.definition(layers, preset, input_shape, name)
        return self._transport.run(calls.ask(NetworkSummary, "/v1/networks/validate", body))

    def get(self, network_id: str) -> Network:
        """One network."""
        return self._transport.run(calls.read(Network, networks.path_of(network_id)))

    def gradcheck(self, network_id: str) -> Gradcheck:
        """Check backpropagation of a network against central differences, in float64."""
        return self._transport.run(networks.gradcheck(network_id))

    def delete(self, network_id: str) -> None:
        """Remove a network that no unfinished job and no model needs."""
        self._transport.run(calls.delete(networks.path_of(network_id)))

    def list(self) -> Iterator[Network]:
        """The networks, newest first."""
        return self._transport.items(partial(calls.page, Network, "/v1/networks", {}))


class Datasets(Resource):
    """Datasets; `mnist` is always there."""

    def get(self, name: str = "mnist") -> Dataset:
        """One dataset."""
        return self._transport.run(calls.read(Dataset, datasets.path_of(name)))

    def create(
        self,
        name: str,
        *,
        copy_of: str | None = None,
        sample_shape: Sequence[int] | None = None,
        classes: Sequence[str] | None = None,
    ) -> Dataset:
        """Make a dataset without a file: a copy of another, or one without samples.

        Args:
            name: What it is to be called.
            copy_of: The dataset whose samples it begins with.
            sample_shape: For one without samples, as `(1, 28, 28)`.
            classes: Its labels, likewise.
        """
        return self._transport.run(datasets.make(name, copy_of, sample_shape, classes))

    def upload(self, name: str, file: str | Path) -> Dataset:
        """Make a dataset of a file: .npz, a zip of IDX files, or a zip of folders of images."""
        return self._transport.run(datasets.upload(name, file))

    def add_sample(self, name: str, image: Input, label: str, split: str = "train") -> Sample:
        """Add one labelled image, which makes a new version of the dataset."""
        return self._transport.run(datasets.add_sample(name, image, label, split))

    def samples(
        self, name: str = "mnist", split: str = "test", label: str | None = None
    ) -> Iterator[Sample]:
        """The samples of a split in their order, all or those of a class."""
        path, params = f"{datasets.path_of(name)}/samples", {"split": split, "label": label}
        return self._transport.items(partial(calls.page, Sample, path, params))

    def sample(self, index: int, name: str = "mnist", split: str = "test") -> bytes:
        """One sample as a PNG."""
        return self._transport.run(datasets.png(name, index, split)).content

    def delete(self, name: str) -> None:
        """Remove a dataset."""
        self._transport.run(calls.delete(datasets.path_of(name)))

    def list(self) -> Iterator[Dataset]:
        """Every dataset."""
        return self._transport.items(partial(calls.page, Dataset, "/v1/datasets", {}))


class Jobs(Resource):
    """Training jobs."""

    def create(self, **options: Unpack[JobOptions]) -> Job:
        """Train a network in the background; `JobOptions` lists what can be said.

        Raises:
            InvalidRequest: Something does not fit; `errors` says what.
        """
        return self._transport.bound(jobs.submit(Job, options))

    def plan(self, **options: Unpack[JobOptions]) -> Plan:
        """What a job would be and cost, with nothing stored."""
        return self._transport.run(jobs.plan(options))

    def get(self, job_id: str) -> Job:
        """One job."""
        return self._transport.bound(calls.read(Job, jobs.path_of(job_id)))

    def list(self, *, status: str | None = None, tag: str | None = None) -> Iterator[Job]:
        """The jobs, newest first: all, or those in a status or with a tag."""
        params = {"status": status, "tag": tag}
        return self._transport.things(partial(calls.page, Job, "/v1/jobs", params))


class Models(Resource):
    """What jobs have left, and what was imported."""

    def get(self, model: str = "latest") -> Model:
        """One model, by its id or an alias; by default the newest."""
        return self._transport.bound(calls.read(Model, models.path_of(model)))

    def upload(
        self,
        file: str | Path,
        *,
        network: Mapping[str, Any] | None = None,
        name: str | None = None,
        classes: Sequence[str] | None = None,
    ) -> Model:
        """Import a file that this service exported, or weights with their network."""
        labels = None if classes is None else [*classes]
        return self._transport.bound(models.upload(Model, file, network, name, labels))

    def compare(self, a: str, b: str, dataset: str = "mnist", split: str = "test") -> Comparison:
        """Two models on the same samples, with McNemar's exact test of their difference."""
        return self._transport.run(models.compare(a, b, dataset, split))

    def list(self) -> Iterator[Model]:
        """The models, newest first."""
        return self._transport.things(partial(calls.page, Model, "/v1/models", {}))


class Aliases(Resource):
    """Names for models that can be moved from one to the next."""

    def get(self, alias: str) -> Alias:
        """One alias, with the models that it named before."""
        return self._transport.run(calls.read(Alias, models.alias_path(alias)))

    def point(self, alias: str, model_id: str) -> Alias:
        """Point an alias at a model; where there is none, make it."""
        return self._transport.run(models.point(alias, model_id))

    def delete(self, alias: str) -> None:
        """Remove an alias; the model stays."""
        self._transport.run(calls.delete(models.alias_path(alias)))

    def list(self) -> Iterator[Alias]:
        """The aliases, the one that moved last first."""
        return self._transport.items(partial(calls.page, Alias, "/v1/aliases", {}))


class Sweeps(Resource):
    """Many jobs at once."""

    def create(
        self,
        grid: Mapping[str, Sequence[Any]],
        *,
        metric: str = "val_accuracy",
        max_trials: int = 20,
        grace_epochs: int | None = None,
        **base: Unpack[JobOptions],
    ) -> Sweep:
        """Train a job for every combination of a grid's values, or for as many as are drawn.

        Args:
            grid: Values by the field that they are for, as `{"optimizer.learning_rate": [...]}`.
            metric: What ranks the trials.
            max_trials: At most so many combinations are tried.
            grace_epochs: Stop trials that fall behind the others after so many epochs; None: never.
            base: What all trials share, as for a job.
        """
        steps = sweeps.start(Sweep, grid, metric, max_trials, grace_epochs, base)
        return self._transport.bound(steps)

    def get(self, sweep_id: str) -> Sweep:
        """One sweep."""
        return self._transport.bound(calls.read(Sweep, sweeps.path_of(sweep_id)))
