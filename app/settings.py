"""Every setting, with its default: the only place that reads the environment."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024

_DATABASES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
_GROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")
_STORAGES = ("s3://", "gs://", "az://")


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _most_of_the_memory() -> int:
    """Three quarters of what this process's group, or the machine, has."""
    has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no such group, or one without a limit
        has = min(has, int(_GROUP_MEMORY.read_text()))
    return max(128 * MIB, has * 3 // 4)


class Settings(BaseSettings):
    """What can be chosen about the service."""

    model_config = SettingsConfigDict(env_prefix="MNISTRY_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8000, description="The port to listen on; 0: any that is free."
    )
    data_dir: Path = Field(Path("data"), description="Where the database is kept.")
    database_url: str | None = Field(
        None, description="An SQLAlchemy URL; by default SQLite in the data directory."
    )
    artifacts_url: str | None = Field(
        None,
        description="Where weights and checkpoints are kept: s3://, gs:// or az://bucket/prefix; "
        "by default in the database.",
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(1, description="API processes.")
    trainers: Annotated[int, Field(ge=0, le=64)] = Field(
        1, description="Trainer processes; each runs one job at a time."
    )
    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        default_factory=cores, description="Cores that one job may use; by default all."
    )
    first_model: bool = Field(
        False, description="Train a first model at the start where there is none."
    )
    api_keys: str = Field(
        "", description='Keys, as "reader:<key>,trainer:<key>"; empty: no key is asked for.'
    )
    open: bool = Field(
        False, description="Serve on another address than loopback without keys, knowingly."
    )
    allowed_hosts: str = Field(
        "", description="Host names that requests may name, with commas; empty: see the guide."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    max_json_bytes: Annotated[int, Field(ge=1024)] = Field(
        1 * MIB, description="The largest JSON body."
    )
    max_predict_bytes: Annotated[int, Field(ge=1024)] = Field(
        16 * MIB, description="The largest body of a prediction."
    )
    max_upload_bytes: Annotated[int, Field(ge=1024)] = Field(
        256 * MIB, description="The largest upload: a model or a dataset."
    )
    max_image_pixels: Annotated[int, Field(ge=784)] = Field(
        16_000_000, description="The largest image, in pixels."
    )
    max_dataset_bytes: Annotated[int, Field(ge=784)] = Field(
        512 * MIB, description="The largest split of a dataset, unpacked, a byte a number."
    )
    max_dataset_samples: Annotated[int, Field(ge=1)] = Field(
        1_000_000, description="Samples of a split of a dataset."
    )
    max_dataset_classes: Annotated[int, Field(ge=1, le=10_000)] = Field(
        1000, description="Classes of a dataset."
    )
    max_imports: Annotated[int, Field(ge=1, le=64)] = Field(
        4, description="Uploads that an API process reads at a time; more are refused with 503."
    )
    max_import_seconds: Annotated[int, Field(ge=1)] = Field(
        120, description="Seconds that reading an upload may take."
    )
    max_import_memory_bytes: Annotated[int, Field(ge=64 * MIB)] = Field(
        1024 * MIB, description="Memory that reading an upload may take."
    )
    max_parameters: Annotated[int, Field(ge=1)] = Field(
        20_000_000, description="The largest network, in trained numbers."
    )
    max_activations: Annotated[int, Field(ge=1)] = Field(
        4_000_000, description="The largest network, in numbers that its layers give a sample."
    )
    max_macs: Annotated[int, Field(ge=1)] = Field(
        1_000_000_000, description="The largest network, in multiply-adds a sample."
    )
    max_queued_jobs: Annotated[int, Field(ge=1)] = Field(
        1000, description="Jobs that may wait; more are refused with 429."
    )
    max_job_memory_bytes: Annotated[int, Field(ge=128 * MIB)] = Field(
        default_factory=_most_of_the_memory,
        description="Memory that training one job may take; by default three quarters of all.",
    )
    max_job_seconds: Annotated[int, Field(ge=1)] = Field(
        7 * 24 * 3600, description="Seconds that one job may train; what was learnt is kept."
    )
    max_storage_bytes: Annotated[int, Field(ge=MIB)] = Field(
        64 * 1024 * MIB, description="All that is stored; more is refused with 507."
    )
    max_networks: Annotated[int, Field(ge=1)] = Field(100_000, description="Networks kept.")
    max_models: Annotated[int, Field(ge=1)] = Field(10_000, description="Models kept.")
    max_datasets: Annotated[int, Field(ge=1)] = Field(1000, description="Datasets kept.")
    max_jobs: Annotated[int, Field(ge=1)] = Field(100_000, description="Jobs kept.")
    max_streams: Annotated[int, Field(ge=1)] = Field(
        200, description="Event streams that an API process serves at a time."
    )
    max_streams_per_client: Annotated[int, Field(ge=1)] = Field(
        8, description="Event streams that one address may hold at a time."
    )
    predict_seconds: Annotated[float, Field(gt=0)] = Field(
        30.0, description="Seconds that a prediction or other long work may wait for its turn."
    )
    checkpoint_seconds: Annotated[float, Field(gt=0)] = Field(
        5.0, description="Seconds of training between two checkpoints."
    )
    stall_seconds: Annotated[float, Field(gt=0)] = Field(
        300.0, description="A training process that says nothing for so long is started again."
    )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(_DATABASES):
            msg = (
                "a database is at sqlite:///<file> or postgresql+psycopg://user:password@host/name"
            )
            raise PydanticCustomError("database_url", msg)
        return url

    @field_validator("artifacts_url")
    @classmethod
    def _known_storage(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(_STORAGES):
            msg = "artifacts are kept at s3://bucket/prefix, gs://bucket/prefix or az://..."
            raise PydanticCustomError("artifacts_url", msg)
        return url

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'mnistry.db'}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        return self.host in LOOPBACK

    @property
    def needs_stored_key(self) -> bool:
        """Whether others can reach the service, and there is no key here that they have to have."""
        return not (self.is_loopback or self.open or self.api_keys)


class ClientSettings(BaseSettings):
    """What can be chosen about the commands that ask a service."""

    model_config = SettingsConfigDict(env_prefix="MNISTRY_", frozen=True, extra="ignore")

    url: str = Field("http://127.0.0.1:8000", description="Where the service is.")
    key: str = Field("", description="The key to send; empty: none.")


class TraceSettings(BaseSettings):
    """Whether traces are wanted, in the names of OpenTelemetry, which reads more of its own."""

    model_config = SettingsConfigDict(env_prefix="OTEL_", frozen=True, extra="ignore")

    exporter_otlp_endpoint: str = ""
    exporter_otlp_traces_endpoint: str = ""

    @property
    def wanted(self) -> bool:
        return bool(self.exporter_otlp_endpoint or self.exporter_otlp_traces_endpoint)


def environment_of(settings: Settings) -> dict[str, str]:
    """This process's environment with these settings in it, for processes that it starts."""
    chosen = {
        f"MNISTRY_{name.upper()}": str(value)
        for name, value in settings.model_dump().items()
        if value is not None
    }
    return {**os.environ, **chosen}  # noqa: TID251 - this is the file


LOOPBACK = ("127.0.0.1", "::1", "localhost")
