"""What routes are given: the parts of the service that main.py has put together."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.api.places import Places
from app.api.streams import StreamLimits
from app.api.watch import JobWatch
from app.children.readers import Readers
from app.domain.datasets import DatasetLimits
from app.domain.definitions import Limits
from app.domain.jobs import JobLimits
from app.services.examples import ExampleReader
from app.services.inference import Inference
from app.services.jobs import JobQueue
from app.services.quotas import Quotas
from app.services.registry import Registry
from app.services.serving import Serving
from app.services.statistics import Statistics
from app.store.blobs import Blobs
from app.store.database import Database


@dataclass(frozen=True)
class Services:
    """One process's parts, and the settings that routes need."""

    database: Database
    blobs: Blobs
    queue: JobQueue
    registry: Registry
    serving: Serving
    inference: Inference
    statistics: Statistics
    watch: JobWatch
    streams: StreamLimits
    preparing: Places
    long_work: Places
    limits: Limits
    examples: ExampleReader
    readers: Readers
    dataset_limits: DatasetLimits
    threads: int
    job_limits: JobLimits
    quotas: Quotas
    max_image_pixels: int
    max_predict_bytes: int
    predict_seconds: float


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Parts = Annotated[Services, Depends(_services)]


async def _long_work(parts: Parts) -> AsyncIterator[None]:
    async with parts.long_work.one():
        yield


LongWork = Depends(_long_work, scope="function")
"""Of a route that computes for seconds; the place is free again before the answer is sent."""
