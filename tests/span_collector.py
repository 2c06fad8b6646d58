"""A collector of traces as OpenTelemetry's exporters find one: OTLP over HTTP, kept in memory."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Span:
    """One span as it came; ids in hexadecimal digits, times in nanoseconds."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    began: int
    ended: int
    failed: bool
    attributes: dict[str, Any]


@dataclass
class Collector:
    """What has come so far."""

    url: str
    spans: list[Span] = field(default_factory=list)

    def wait_for(self, enough: Callable[[list[Span]], bool], seconds: float = 60) -> list[Span]:
        """The spans, once there are those that are waited for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if enough(self.spans):
                return list(self.spans)
            time.sleep(0.05)
        raise AssertionError(f"only {[span.name for span in self.spans]} came")

    def take(self, request: ExportTraceServiceRequest) -> None:
        for of_resource in request.resource_spans:
            resource = _values(of_resource.resource.attributes)
            for scope in of_resource.scope_spans:
                self.spans += [_span(str(resource["service.name"]), one) for one in scope.spans]


def _span(service: str, sent: Any) -> Span:
    return Span(
        service=service,
        name=sent.name,
        trace=sent.trace_id.hex(),
        id=sent.span_id.hex(),
        parent=sent.parent_span_id.hex(),
        began=sent.start_time_unix_nano,
        ended=sent.end_time_unix_nano,
        failed=sent.status.code == 2,
        attributes=_values(sent.attributes),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector for a while."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.take(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any, **__: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
