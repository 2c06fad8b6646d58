"""Traces for OpenTelemetry: a job is one, from the request that asked for it to its last epoch.

FastAPI makes the span of a request, `app/trainer` those of a job; here is what both stand on. Until
`export` is called OpenTelemetry's own API does nothing, so whoever makes a span asks for nothing.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PARENT = "traceparent"
_FLUSH_SECONDS = 1.0
"""How long the end of a process may wait for a collector."""

Attributes = Mapping[str, str | int | float]
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("mnistry")


class NoExporter(Exception):
    """The packages that send traces are not installed."""


def export(service: str) -> None:
    """Send this process's spans to where OpenTelemetry's variables say.

    Args:
        service: What the process is called there, unless a variable says otherwise.

    Raises:
        NoExporter: The extra `traces` is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise NoExporter("pip install 'mnistry[traces]'") from error
    named = Resource.create({"service.name": service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=named, shutdown_on_exit=False)  # see flush
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def are_sent() -> bool:
    """Whether this process sends its spans anywhere."""
    return hasattr(trace.get_tracer_provider(), "force_flush")


def flush() -> None:
    """Send the spans that have ended, as far as a collector takes them at once."""
    if are_sent():
        flush_all = trace.get_tracer_provider().force_flush  # type: ignore[attr-defined]
        # The SDK's own limit on this is none: it tries again and again where nobody listens.
        sending = threading.Thread(target=flush_all, daemon=True)
        sending.start()
        sending.join(_FLUSH_SECONDS)


def here() -> str | None:
    """The span that this is done in, as W3C's `traceparent` for who goes on later; None: none."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(_PARENT)


@contextmanager
def continued(parent: str | None) -> Iterator[None]:
    """Do something in the trace of a span elsewhere; None: in none."""
    token = context.attach(_propagator.extract({_PARENT: parent} if parent else {}))
    try:
        yield
    finally:
        context.detach(token)


@contextmanager
def span(name: str, attributes: Attributes) -> Iterator[None]:
    """Time what is done in this context; what is raised in it has failed it."""
    with _tracer.start_as_current_span(name, attributes=attributes):
        yield


def failed(why: str) -> None:
    """The span that this is done in has not come to what it was for."""
    trace.get_current_span().set_status(trace.StatusCode.ERROR, why)


def past(name: str, began: str, ended: str, attributes: Attributes) -> None:
    """A span of something that has ended already; times as the store has them."""
    started = _tracer.start_span(name, attributes=attributes, start_time=_nanoseconds(began))
    started.end(_nanoseconds(ended))


def _nanoseconds(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1e9)
