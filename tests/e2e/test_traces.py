"""Traces as a collector gets them: each job is one, from its request to its last epoch."""

import json
import os
import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import StartServer, wait_until_ended
from tests.processes import training_child_of
from tests.span_collector import Collector, Span, collecting

SMALL = {"preset": "linear", "epochs": 2, "train_samples": 3000, "seed": 1}
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
"""How many milliseconds a span may wait before it is sent."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def test_a_job_is_one_trace_from_its_request_to_its_last_epoch(
    start_server: StartServer, collector: Collector
) -> None:
    url = start_server(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **SOON).url
    with httpx.Client(base_url=url, timeout=70) as client:
        caller = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
        job = client.post("/v1/jobs", json=SMALL, headers=caller).json()
        wait_until_ended(client, job["id"])

    came = collector.wait_for(lambda spans: "attempt" in names(spans))

    trace = [span for span in came if span.trace == TRACE]
    assert sorted(names(trace)) == ["POST /v1/jobs", "attempt", "epoch", "epoch", "queue"]
    by_name = {span.name: span for span in trace}
    request, queue, attempt = (by_name[name] for name in ("POST /v1/jobs", "queue", "attempt"))
    assert (request.service, request.parent) == ("mnistry-api", CALLER)
    assert (attempt.service, attempt.parent) == ("mnistry-trainer", request.id)
    assert queue.parent == request.id
    epochs = [span for span in trace if span.name == "epoch"]
    assert [span.attributes["mnistry.epoch"] for span in epochs] == [1, 2]
    assert all(span.parent == attempt.id for span in epochs)
    assert all(span.attributes["mnistry.job.id"] == job["id"] for span in trace if span != request)
    assert all(span.began <= span.ended for span in trace)
    assert queue.ended <= attempt.began <= epochs[0].ended <= epochs[1].ended <= attempt.ended
    assert not any(span.failed for span in trace)
    assert not [span for span in came if "readyz" in span.name]


def test_an_attempt_that_was_lost_has_failed_and_the_next_is_of_the_same_trace(
    start_server: StartServer, collector: Collector
) -> None:
    server = start_server(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **SOON)
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = client.post("/v1/jobs", json={**SMALL, "preset": "mlp", "epochs": 3}).json()
        os.kill(training_child_of(server.process.pid), signal.SIGKILL)
        assert wait_until_ended(client, job["id"])["status"] == "succeeded"

    came = collector.wait_for(lambda spans: names(spans).count("attempt") == 2)

    first, second = (span for span in came if span.name == "attempt")
    assert (first.failed, second.failed) == (True, False)
    assert first.trace == second.trace
    assert names(came).count("queue") == 1
    lines = [json.loads(line) for line in server.part.log.read_text().splitlines()]
    (died,) = (line for line in lines if "died" in line["message"])
    assert died["job_id"] == job["id"]


def test_a_collector_that_is_away_is_waited_for_by_nobody(start_server: StartServer) -> None:
    server = start_server(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = client.post("/v1/jobs", json=SMALL).json()

        assert wait_until_ended(client, job["id"])["status"] == "succeeded"
        assert server.stop() == 0


def names(spans: list[Span]) -> list[str]:
    return [span.name for span in spans]
