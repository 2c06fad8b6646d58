"""The one place where the parts of an API process meet."""

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Protocol

from fastapi import FastAPI

import engine
from app import traces
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
from app.api.edge import Edge, Policy, host_names
from app.api.express import Express
from app.api.head import Head
from app.api.intake import Intake
from app.api.metrics import Measured, Metrics
from app.api.places import Places
from app.api.streams import StreamLimits
from app.api.v2 import infer, repository, server, statistics, unsupported
from app.api.v2 import models as v2_models
from app.api.watch import JobWatch
from app.children.readers import ReaderLimits, Readers
from app.domain.datasets import DatasetLimits
from app.domain.definitions import Limits
from app.domain.jobs import JobLimits
from app.domain.keys import parse_keys
from app.services.examples import ExampleReader
from app.services.freshness import Refresher
from app.services.inference import Inference
from app.services.keys import Keyring
from app.services.quotas import Quotas
from app.services.registry import Registry
from app.services.serving import Serving
from app.services.statistics import Statistics
from app.settings import Settings, cores
from app.storage import open_blobs
from app.store.database import Database
from app.trainer.queue import Queue

log = logging.getLogger(__name__)

MOST_HELD_BYTES = 64 * 2**20
"""Of all bodies that an API process reads at a time."""

PREPARED_AT_A_TIME = 4
"""At most, however many cores there are: a large image takes some 100 MB while it is decoded."""

MOST_PREPARED_LATER, MOST_LONG_WORK_LATER = 64, 16
"""How many requests of either kind may wait."""


def create_app(settings: Settings) -> FastAPI:
    """An API process's application.

    Raises:
        ValueError: The API keys are malformed.
    """
    metrics = Metrics()
    keyring = Keyring(
        parse_keys(settings.api_keys), loopback=settings.is_loopback, open_=settings.open
    )
    app = FastAPI(
        title="Mnistry",
        version=engine.__version__,
        description=openapi.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan(settings, metrics.inference, keyring),
        generate_unique_id_function=openapi.operation_id,
        telemetry={
            "tracing": traces.are_sent(),  # else each request would look for it in the environment
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
            "exclude": health.is_probe,
        },
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
    policy = Policy(
        keyring=keyring,
        hosts=host_names(settings.allowed_hosts),
        loopback=settings.is_loopback,
        json_bytes=settings.max_json_bytes,
        predict_bytes=settings.max_predict_bytes,
        upload_bytes=settings.max_upload_bytes,
    )
    # From the inside outwards: what the edge refuses is counted too.
    app.add_middleware(Express, service=app)
    app.add_middleware(Head)
    app.add_middleware(
        Intake,
        most=max(MOST_HELD_BYTES, 2 * settings.max_predict_bytes),
        most_of_one=settings.max_predict_bytes,
    )
    app.add_middleware(Edge, policy=policy)
    app.add_middleware(Measured, metrics=metrics)
    return app


class Lifespan(Protocol):
    """Runs around an app's life."""

    def __call__(self, app: FastAPI) -> AbstractAsyncContextManager[None]:
        """Enter when the app starts, leave when it ends."""


def _lifespan(settings: Settings, statistics: Statistics, keyring: Keyring) -> Lifespan:
    """Open what the process holds when it starts, and close it when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(settings.url)
        blobs = open_blobs(settings.artifacts_url, database)
        registry = Registry(database)
        refresher = Refresher(
            partial(keyring.refresh, database),
            registry.refresh,
            on_failure=lambda error: log.warning("what is known grows old: %s", error),
        )
        refresher.start()
        watch = JobWatch(database)
        inference = Inference(cores(), statistics)
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
            preparing=Places(min(cores(), PREPARED_AT_A_TIME), MOST_PREPARED_LATER, patience),
            long_work=Places(cores(), MOST_LONG_WORK_LATER, patience),
            limits=_network_limits(settings),
            examples=ExampleReader(database, blobs),
            readers=Readers(_reader_limits(settings)),
            dataset_limits=_dataset_limits(settings),
            threads=settings.threads,
            job_limits=_job_limits(settings),
            quotas=_quotas(settings),
            max_image_pixels=settings.max_image_pixels,
            max_predict_bytes=settings.max_predict_bytes,
            predict_seconds=settings.predict_seconds,
        )
        yield
        watch.close()
        inference.close()
        refresher.close()
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


def _reader_limits(settings: Settings) -> ReaderLimits:
    return ReaderLimits(
        settings.max_import_seconds, settings.max_import_memory_bytes, settings.max_imports
    )


def _job_limits(settings: Settings) -> JobLimits:
    return JobLimits(
        settings.max_queued_jobs, settings.max_job_memory_bytes, settings.max_job_seconds
    )


def _quotas(settings: Settings) -> Quotas:
    return Quotas(
        settings.max_storage_bytes,
        settings.max_networks,
        settings.max_models,
        settings.max_datasets,
        settings.max_jobs,
    )


def _limits_body(settings: Settings) -> limits.LimitsBody:
    """Every setting that is named max_<limit>, as clients see it."""
    names = limits.LimitsBody.model_fields
    return limits.LimitsBody(**{name: getattr(settings, f"max_{name}") for name in names})
