"""Conversations, held by hand: what is sent, what is waited for, and when they give up."""

import httpx
import pytest

from app.client import errors
from app.client.calls import Call, Came, Pause, Steps, answered, create, delete, page
from app.client.jobs import JobRecord, wait
from app.client.networks import Network
from app.client.records import Record

REQUEST = httpx.Request("GET", "http://127.0.0.1:8000/v1/jobs")


def response(status: int, body: object = None, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=given, request=REQUEST)


def refused() -> httpx.ConnectError:
    return httpx.ConnectError("connection refused", request=REQUEST)


def lost() -> httpx.ReadError:
    return httpx.ReadError("", request=REQUEST)


def next_call(steps: Steps[object], came: Came) -> tuple[float, Call]:
    """What is sent after a pause, and how long that was."""
    pause = steps.send(came)
    assert isinstance(pause, Pause)
    call = steps.send(None)
    assert isinstance(call, Call)
    return pause.seconds, call


def test_a_lost_answer_is_asked_for_again() -> None:
    steps = answered(Call("GET", "/v1/jobs"))
    first = next(steps)

    seconds, second = next_call(steps, lost())

    assert (first, seconds < 1) == (second, True)
    with pytest.raises(StopIteration) as end:
        steps.send(response(200))
    assert end.value.value.status_code == 200


def test_what_creates_keeps_its_key_when_it_is_sent_again() -> None:
    steps = create(Network, "/v1/networks", {"preset": "mlp"})
    first = next(steps)
    assert isinstance(first, Call)

    _, second = next_call(steps, lost())

    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    another = next(create(Network, "/v1/networks", {"preset": "mlp"}))
    assert isinstance(another, Call)
    assert another.headers != first.headers


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_given_the_time_that_it_asks_for(status: int) -> None:
    steps = answered(Call("GET", "/v1/jobs"))
    next(steps)

    seconds, _ = next_call(steps, response(status, Retry_After="7"))

    assert seconds == 7


def test_more_time_than_there_is_patience_for_is_an_error_at_once() -> None:
    steps = answered(Call("GET", "/v1/jobs"))
    next(steps)

    with pytest.raises(errors.Overloaded) as raised:
        steps.send(response(503, Retry_After="3600"))

    assert raised.value.retry_after == 3600


def test_where_nobody_listens_it_is_said_after_a_few_attempts() -> None:
    steps = answered(Call("GET", "/v1/jobs"))
    next(steps)

    with pytest.raises(errors.Unreachable, match=r"no service answers at http://127\.0\.0\.1:8000"):
        for _ in range(10):
            next_call(steps, refused())


def test_that_something_is_gone_is_success_where_the_answer_was_lost() -> None:
    steps = delete("/v1/jobs/job_1")
    next(steps)
    next_call(steps, lost())

    with pytest.raises(StopIteration):
        steps.send(response(404))


def test_that_something_was_never_there_is_none() -> None:
    steps = delete("/v1/jobs/job_1")
    next(steps)
    next_call(steps, refused())
    problem = {"title": "There is no such thing", "detail": "There is no job 'job_1'."}

    with pytest.raises(errors.NotFound):
        steps.send(response(404, problem, Content_Type="application/problem+json"))


def test_a_page_is_asked_for_with_what_was_said_and_no_more() -> None:
    call = next(page(Record, "/v1/jobs", {"status": "running", "tag": None}, "abc"))

    assert isinstance(call, Call)
    assert call.params == {"status": "running", "cursor": "abc"}


def test_waiting_asks_again_until_the_job_has_ended() -> None:
    steps = wait(JobRecord, "job_1", None, None)
    body = {"id": "job_1", "status": "running", "config": {}, "created_at": "2026-11-26T00:00:00Z"}
    next(steps)

    again = steps.send(response(200, body))

    assert isinstance(again, Call)
    assert again.seconds is not None
    assert again.seconds > float(again.params["wait"]) + 5
    with pytest.raises(StopIteration) as end:
        steps.send(response(200, {**body, "status": "failed"}))
    assert end.value.value.status == "failed"
