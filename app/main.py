"""The one place where the parts of an API process meet."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from fastapi import FastAPI

import engine
from app.api import (
    aliases,
    catalog,
    datasets,
    events,
    exchange,
    health,
    invocations,
    jobs,
    limits,
    models,
    networks,
    openapi,
    pages,
    predictions,
    problems,
    samples,
    sweeps,
    tensorflow_serving,
    torchserve,
)
from app.api.dependencies import Services
from app.api.edge import Edge, policy
from app.api.head import Head
from app.api.intake import Intake
from app.api.metrics import Measured, Metrics
from app.api.places import Places
from app.api.streams import StreamLimits
from app.api.v2 import infer, repository, server, statistics, unsupported
from app.api.v2 import models as v2_models
from app.api.watch import JobWatch
from app.domain.datasets import DatasetLimits
from app.domain.definitions import Limits
from app.services.examples import ExampleReader
from app.services.inference import Inference
from app.services.registry import Registry
from app.services.serving import Serving
from app.services.statistics import Statistics
from app.settings import Settings
from app.startup import CannotStart
from app.store.blobs import Blobs, owner
from app.store.database import Database
from app.trainer.queue import Queue

log = logging.getLogger(__name__)

MOST_HELD_BYTES = 256 * 2**20
"""Of all bodies that an API process reads at a time."""

PREPARED_AT_A_TIME = 4
"""At most, however many cores there are: a large image takes some 100 MB while it is decoded."""

MOST_PREPARED_LATER, MOST_LONG_WORK_LATER = 64, 16
"""How many requests of either kind may wait."""


def open_blobs(artifacts_url: str | None, database: Database) -> Blobs:
    """Where weights and checkpoints are: in the database, or in object storage.

    Args:
        artifacts_url: The setting.
        database: With its tables: it has the service's own id.

    Raises:
        CannotStart: The URL names no storage that this program can use.
    """
    if artifacts_url is None:
        return Blobs()
    try:
        from app.store.objects import NoObjectStorage, ObjectStorage  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = "MNISTRY_ARTIFACTS_URL needs obstore: pip install 'mnistry[cluster]'"
        raise CannotStart(msg) from error
    try:
        with database.reading() as connection:
            return Blobs(ObjectStorage(artifacts_url), owner(connection))
    except NoObjectStorage as error:
        raise CannotStart(f"MNISTRY_ARTIFACTS_URL: {error}") from error


def create_app(settings: Settings) -> FastAPI:
    """An API process's application.

    Raises:
        ValueError: The API keys are malformed.
    """
    metrics = Metrics()
    app = FastAPI(
        title="Mnistry",
        version=engine.__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(settings, metrics.inference),
        generate_unique_id_function=openapi.operation_id,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    problems.install(app)
    openapi.install(app)
    predictions.install(app)
    infer.install(app)
    routers = (
        *(catalog, networks, datasets, samples, jobs, events, sweeps),
        *(models, exchange, aliases),
        *(server, statistics, v2_models, repository, unsupported),
        *(tensorflow_serving, invocations, torchserve),
    )
    for module in routers:
        app.include_router(module.router)
    app.include_router(health.routes(metrics))
    app.include_router(limits.routes(_limits_body(settings)))
    app.include_router(pages.router)
    app.mount("/static/swagger", pages.swagger_files())
    app.mount("/static", pages.static_files())
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Head)
    app.add_middleware(
        Intake,
        most=max(MOST_HELD_BYTES, 2 * settings.max_predict_bytes),
        most_of_one=settings.max_predict_bytes,
    )
    app.add_middleware(
        Edge,
        policy=policy(
            settings.api_keys,
            settings.allowed_hosts,
            settings.max_json_bytes,
            settings.max_predict_bytes,
            settings.max_upload_bytes,
            open_=settings.open,
        ),
    )
    return app


class Lifespan(Protocol):
    """Runs around an app's life."""

    def __call__(self, app: FastAPI) -> AbstractAsyncContextManager[None]:
        """Enter when the app starts, leave when it ends."""


def _lifespan(settings: Settings, statistics: Statistics) -> Lifespan:
    """Open what the process holds when it starts, and close it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(settings.url)
        blobs = open_blobs(settings.artifacts_url, database)
        registry = Registry(database, lambda e: log.warning("cannot read the models: %s", e))
        registry.start()
        watch = JobWatch(database)
        cores = os.cpu_count() or 1
        inference = Inference(cores, statistics)
        patience = settings.predict_seconds
        app.state.services = Services(
            database=database,
            blobs=blobs,
            queue=Queue(database),
            registry=registry,
            serving=Serving(database, blobs),
            inference=inference,
            statistics=statistics,
            watch=watch,
            streams=StreamLimits(settings.max_streams, settings.max_streams_per_client),
            preparing=Places(min(cores, PREPARED_AT_A_TIME), MOST_PREPARED_LATER, patience),
            long_work=Places(cores, MOST_LONG_WORK_LATER, patience),
            limits=_network_limits(settings),
            examples=ExampleReader(database, blobs),
            dataset_limits=_dataset_limits(settings),
            threads=settings.threads,
            max_queued_jobs=settings.max_queued_jobs,
            max_image_pixels=settings.max_image_pixels,
            max_predict_bytes=settings.max_predict_bytes,
            predict_seconds=settings.predict_seconds,
        )
        yield
        watch.close()
        inference.close()
        registry.close()
        database.close()

    return lifespan


def _network_limits(settings: Settings) -> Limits:
    return Limits(settings.max_parameters, settings.max_activations, settings.max_macs)


def _dataset_limits(settings: Settings) -> DatasetLimits:
    return DatasetLimits(
        settings.max_dataset_bytes,
        settings.max_dataset_samples,
        settings.max_dataset_classes,
        settings.max_image_pixels,
    )


def _limits_body(settings: Settings) -> limits.LimitsBody:
    """Every setting that is named max_<limit>, as clients see it."""
    names = limits.LimitsBody.model_fields
    return limits.LimitsBody(**{name: getattr(settings, f"max_{name}") for name in names})
