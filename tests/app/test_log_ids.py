"""Lines of the log name the request and the job that they are about."""

import asyncio
import json
import logging

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from app.api.edge import Edge, Policy, host_names
from app.log_ids import logged_with
from app.logs import JsonLines
from app.services.keys import Keyring

log = logging.getLogger("tests.log_ids")


def line(record: logging.LogRecord) -> dict[str, str]:
    written: dict[str, str] = json.loads(JsonLines().format(record))
    return written


def test_a_line_has_the_ids_of_what_it_is_about() -> None:
    record = logging.LogRecord("any", logging.INFO, "file", 1, "text", (), None)

    with logged_with(job_id="job_1"), logged_with(request_id="r1"):
        inside = line(record)

    assert (inside["job_id"], inside["request_id"]) == ("job_1", "r1")
    assert not {"job_id", "request_id"} & set(line(record))


def test_what_a_request_logs_has_its_id_also_from_a_thread() -> None:
    written: list[dict[str, str]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(line(record))

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        log.warning("here")
        await run_in_threadpool(log.warning, "in a thread")

    async def no_body() -> dict[str, object]:
        return {"type": "http.request"}

    async def no_answer(_message: object) -> None:
        pass

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": [
            (b"host", b"localhost"),
            (b"x-request-id", b"mine"),
            (b"authorization", b"Bearer secret"),
        ],
    }
    handler = Kept()
    log.addHandler(handler)
    try:
        keyring = Keyring([("reader", "secret")], loopback=True, open_=False)
        edge = Edge(app, Policy(keyring, host_names(""), True, 1, 1, 1))
        asyncio.run(edge(scope, no_body, no_answer))
    finally:
        log.removeHandler(handler)

    assert [one["request_id"] for one in written] == ["mine", "mine"]
