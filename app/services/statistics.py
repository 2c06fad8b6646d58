"""What models were asked, and what it took: counted at almost no cost, read when somebody looks.

The instruments are prometheus_client's. Where a service has several API processes their values lie
in files that all of them read (the library's multiprocess mode), so that each answers for all.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import UntypedMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

VERSION = "1"
"""A model never changes, so each has one version."""

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Taken:
    """How many there were of something, and the seconds that they took together."""

    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Figures:
    """What one model was asked so far, by all processes of a service.

    Attributes:
        succeeded: Requests that were answered.
        failed: Requests that were not.
        queue: Their waiting for a free model.
        compute_input: The reading of their bodies.
        compute_infer: The batches that were computed.
        compute_output: The writing of their answers.
        rows: Inputs in these batches.
        last_at: When the last one was answered, in seconds since 1970.
    """

    succeeded: Taken = Taken()
    failed: Taken = Taken()
    queue: Taken = Taken()
    compute_input: Taken = Taken()
    compute_infer: Taken = Taken()
    compute_output: Taken = Taken()
    rows: int = 0
    last_at: float = 0.0


class Meter:
    """Counts what one model is asked."""

    def __init__(self, statistics: "Statistics", model_id: str) -> None:
        self._request = statistics.request.labels(model_id)
        self._failure = statistics.failure.labels(model_id)
        self._queue = statistics.queue.labels(model_id)
        self._input = statistics.input.labels(model_id)
        self._infer = statistics.infer.labels(model_id)
        self._output = statistics.output.labels(model_id)
        self._rows = statistics.rows.labels(model_id)
        self._last = statistics.last.labels(model_id)

    def answered(self, reading: float, queued: float, writing: float, whole: float) -> None:
        """A request was answered; all in seconds."""
        self._input.inc(reading)
        self._queue.observe(queued)
        self._output.inc(writing)
        self._request.observe(whole)
        self._last.set(time.time())

    def failed(self, whole: float) -> None:
        """A request was not answered."""
        self._failure.observe(whole)

    def computed(self, rows: int, seconds: float) -> None:
        """A batch was computed."""
        self._rows.observe(rows)
        self._infer.inc(seconds)


class Stopwatch:
    """Times one request to a model, from its body to its answer, as a context: then it is counted.

    Told of each stage when it has ended; a request that ends with an exception has failed.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._began = self._read = self._computed = time.perf_counter()
        self._queued = 0.0
        self.reading = self.writing = 0.0

    def read(self) -> None:
        """The body is an array now."""
        self._read = time.perf_counter()

    def computed(self, queued: float) -> None:
        """The model has answered; after so many seconds in a line."""
        self._computed = time.perf_counter()
        self._queued = queued

    def __enter__(self) -> "Stopwatch":
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        ended = time.perf_counter()
        if failure is not None:
            self._meter.failed(ended - self._began)
            return
        self.reading, self.writing = self._read - self._began, ended - self._computed
        self._meter.answered(self.reading, self._queued, self.writing, ended - self._began)


class Statistics:
    """The instruments of one process.

    Args:
        registry: Where they are registered, with those of others.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._source = source_of(registry)
        self._meters: dict[str, Meter] = {}
        model = ("model",)
        self.request = Histogram(
            "mnistry_inference_seconds",
            "Time to answer a request to a model, from its body to its answer.",
            model,
            buckets=_SECONDS,
            registry=registry,
        )
        self.failure = Histogram(
            "mnistry_inference_failure_seconds",
            "Time of requests to a model that were not answered with a prediction.",
            model,
            buckets=_SECONDS,
            registry=registry,
        )
        self.queue = Histogram(
            "mnistry_inference_queue_seconds",
            "Time that requests waited until their model was free.",
            model,
            buckets=_SECONDS,
            registry=registry,
        )
        self.rows = Histogram(
            "mnistry_inference_batch_rows",
            "Inputs that were computed as one batch.",
            model,
            buckets=_ROWS,
            registry=registry,
        )
        self.input = Counter(
            "mnistry_inference_reading_seconds",
            "Time to turn bodies into arrays.",
            model,
            registry=registry,
        )
        self.infer = Counter(
            "mnistry_inference_computing_seconds",
            "Time to compute batches.",
            model,
            registry=registry,
        )
        self.output = Counter(
            "mnistry_inference_writing_seconds",
            "Time to turn arrays into answers.",
            model,
            registry=registry,
        )
        self.last = Gauge(
            "mnistry_inference_last_timestamp_seconds",
            "When a model last answered.",
            model,
            registry=registry,
            multiprocess_mode="max",
        )
        self.waiting = Gauge(
            "mnistry_inference_waiting_rows",
            "Inputs that wait for their model.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def meter(self, model_id: str) -> Meter:
        """What counts for one model."""
        found = self._meters.get(model_id)
        if found is None:
            found = self._meters.setdefault(model_id, Meter(self, model_id))
        return found

    def stopwatch(self, model_id: str) -> Stopwatch:
        """Times a request that begins now."""
        return Stopwatch(self.meter(model_id))

    def figures(self) -> dict[str, Figures]:
        """What each model was asked, by its id."""
        return _figures(self._source.collect())


def source_of(registry: CollectorRegistry) -> Collector:
    """Where the values of a registry's instruments are read: those of all processes, if several."""
    try:
        return MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    except ValueError:  # the library was not told of a directory: there is one process
        return registry


class TritonCounters(Collector):
    """The same figures under the names of Triton's metrics, which dashboards know."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        """The counters, at this moment."""
        figures = self._statistics.figures()
        for name, help_, value in _TRITON:
            # Untyped: the text format would add `_total` to the name of a counter.
            family = UntypedMetricFamily(name, help_, labels=("model", "version"))
            for model_id, one in figures.items():
                family.add_metric((model_id, VERSION), value(one))
            yield family


def _microseconds(taken: Taken) -> int:
    return round(taken.seconds * 1e6)


_TRITON = (
    ("nv_inference_request_success", "Requests answered.", lambda f: f.succeeded.count),
    ("nv_inference_request_failure", "Requests not answered.", lambda f: f.failed.count),
    ("nv_inference_count", "Inputs computed.", lambda f: f.rows),
    ("nv_inference_exec_count", "Batches computed.", lambda f: f.compute_infer.count),
    (
        "nv_inference_request_duration_us",
        "Microseconds from bodies to answers.",
        lambda f: _microseconds(f.succeeded),
    ),
    (
        "nv_inference_queue_duration_us",
        "Microseconds of waiting.",
        lambda f: _microseconds(f.queue),
    ),
    (
        "nv_inference_compute_input_duration_us",
        "Microseconds of reading bodies.",
        lambda f: _microseconds(f.compute_input),
    ),
    (
        "nv_inference_compute_infer_duration_us",
        "Microseconds of computing.",
        lambda f: _microseconds(f.compute_infer),
    ),
    (
        "nv_inference_compute_output_duration_us",
        "Microseconds of writing answers.",
        lambda f: _microseconds(f.compute_output),
    ),
)


@dataclass
class _Sums:
    """The samples of one model, by their names."""

    values: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def taken(self, seconds: str, count: str) -> Taken:
        return Taken(int(self.values[count]), self.values[seconds])


def _figures(metrics: Iterable[Metric]) -> dict[str, Figures]:
    sums: defaultdict[str, _Sums] = defaultdict(_Sums)
    for metric in metrics:
        if metric.name.startswith("mnistry_inference_"):
            for sample in metric.samples:
                if "model" in sample.labels and "le" not in sample.labels:
                    name = sample.name.removeprefix("mnistry_inference_")
                    sums[sample.labels["model"]].values[name] = sample.value
    return {model_id: _of(one) for model_id, one in sums.items()}


def _of(sums: _Sums) -> Figures:
    requests, batches = "seconds_count", "batch_rows_count"
    return Figures(
        succeeded=sums.taken("seconds_sum", requests),
        failed=sums.taken("failure_seconds_sum", "failure_seconds_count"),
        queue=sums.taken("queue_seconds_sum", "queue_seconds_count"),
        compute_input=sums.taken("reading_seconds_total", requests),
        compute_infer=sums.taken("computing_seconds_total", batches),
        compute_output=sums.taken("writing_seconds_total", requests),
        rows=int(sums.values["batch_rows_sum"]),
        last_at=sums.values["last_timestamp_seconds"],
    )
