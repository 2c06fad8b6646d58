"""Figures for Prometheus: requests by route, and how many jobs there are."""

import time
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import request_log
from app.services.statistics import Statistics, TritonCounters, source_of

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The figures of an API process, or of all where there are several."""

    def __init__(self) -> None:
        # When each series began is a series more, and one that several processes do not have.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        instruments = CollectorRegistry()
        self.requests = Counter(
            "mnistry_http_requests_total",
            "HTTP requests that were answered.",
            ("method", "route", "status"),
            registry=instruments,
        )
        self.seconds = Histogram(
            "mnistry_http_request_seconds",
            "Time from a request to the start of its response.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=instruments,
        )
        self.inference = Statistics(instruments)
        self._shown = CollectorRegistry()
        self._shown.register(source_of(instruments))
        self._shown.register(TritonCounters(self.inference))

    def text(self, jobs: Mapping[str, int], models: int, trainers: int) -> bytes:
        """All of them in Prometheus' format.

        Args:
            jobs: How many there are, by status.
            models: How many there are.
            trainers: How many are alive.
        """
        counts = CollectorRegistry()
        counts.register(_Counts(jobs, models, trainers))
        return generate_latest(self._shown) + generate_latest(counts)


class _Counts(Collector):
    """What was counted in the database, which all processes share."""

    def __init__(self, jobs: Mapping[str, int], models: int, trainers: int) -> None:
        self._jobs = jobs
        self._models = models
        self._trainers = trainers

    def collect(self) -> Iterable[Metric]:
        by_status = GaugeMetricFamily("mnistry_jobs", "Jobs by status.", labels=("status",))
        for status, count in self._jobs.items():
            by_status.add_metric((status,), count)
        yield by_status
        yield GaugeMetricFamily("mnistry_models", "Models.", self._models)
        yield GaugeMetricFamily("mnistry_trainers", "Trainers that are alive.", self._trainers)


class Measured:
    """Counts, times and logs requests by the template of their route, never by their path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._counted: dict[tuple[str, str, int], Callable[[float], None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def timed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._count(scope, status, time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, timed)
        except Exception:
            if not status:  # what answers such a request is further out
                self._count(scope, 500, time.perf_counter() - began)
            raise

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        # The router has put the route that matched into the scope.
        route = getattr(scope.get("route"), "path", "other")
        counted = self._counted.get((method, route, status))
        if counted is None:
            counted = self._counter(method, route, status)
            self._counted[method, route, status] = counted
        counted(seconds)
        request_log.note(scope["request_id"], method, route, status, seconds)

    def _counter(self, method: str, route: str, status: int) -> Callable[[float], None]:
        """What counts one kind of request: to look the labels up each time would cost more."""
        requests = self._metrics.requests.labels(method, route, status)
        times = self._metrics.seconds.labels(method, route)

        def count(seconds: float) -> None:
            requests.inc()
            times.observe(seconds)

        return count
