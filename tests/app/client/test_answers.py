"""What the client makes of answers: records that tolerate, exceptions that explain."""

from typing import Any

import httpx
import pytest

from app.client import errors
from app.client.answers import check, parse
from app.client.datasets import Dataset, Sample

REQUEST = httpx.Request("POST", "http://127.0.0.1:8000/v1/jobs")
SAMPLE = {"index": 3, "split": "test", "label": "7"}


def problem(status: int, request: httpx.Request = REQUEST, **extra: Any) -> httpx.Response:
    body = {"type": "/problems/no", "title": "No", "status": status, "detail": "because"}
    body |= {"request_id": "r1", **extra}
    headers = {"Content-Type": "application/problem+json", "Retry-After": "4"}
    return httpx.Response(status, json=body, headers=headers, request=request)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.InvalidRequest),
        (401, errors.Unauthorized),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (412, errors.PreconditionFailed),
        (413, errors.InvalidRequest),
        (415, errors.InvalidRequest),
        (421, errors.Forbidden),
        (422, errors.InvalidRequest),
        (429, errors.Overloaded),
        (500, errors.ApiError),
        (503, errors.Overloaded),
        (507, errors.Overloaded),
    ],
)
def test_every_problem_has_its_exception(status: int, kind: type[errors.ApiError]) -> None:
    with pytest.raises(errors.ApiError) as raised:
        check(problem(status, allowed_from=["queued"]))

    error = raised.value
    assert type(error) is kind
    assert (error.status, error.title, error.request_id) == (status, "No", "r1")
    assert error.type == "/problems/no"
    assert (error.allowed_from, error.retry_after) == (("queued",), 4.0)


def test_mistakes_are_told_with_their_places() -> None:
    mistake = {"loc": ["layers", 2, "kernel_size"], "msg": "must be at least 1", "type": "ge"}

    with pytest.raises(errors.InvalidRequest, match=r"layers\.2\.kernel_size: must be") as raised:
        check(problem(422, errors=[mistake]))

    assert raised.value.errors[0].loc == ("layers", 2, "kernel_size")


def test_no_key_and_a_wrong_one_are_told_apart() -> None:
    with_key = httpx.Request("GET", REQUEST.url, headers={"Authorization": "Bearer x"})

    with pytest.raises(errors.Unauthorized, match="none was sent"):
        check(problem(401))
    with pytest.raises(errors.Unauthorized, match="not one of the service's"):
        check(problem(401, with_key))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<html>", request=REQUEST),
        httpx.Response(301, headers={"Location": "https://elsewhere"}, request=REQUEST),
        problem(405),
    ],
)
def test_what_is_not_the_service_is_said_to_be_something_else(answer: httpx.Response) -> None:
    with pytest.raises(errors.NotUnderstood, match="something else than Mnistry"):
        check(answer)


def test_a_proxy_whose_service_is_away_is_a_matter_of_time() -> None:
    with pytest.raises(errors.Overloaded) as raised:
        check(httpx.Response(502, text="Bad Gateway", request=REQUEST))

    assert raised.value.status == 502


def test_fields_that_are_not_known_are_kept() -> None:
    sample = parse(Sample, httpx.Response(200, json={**SAMPLE, "new": [1]}, request=REQUEST))

    assert sample.label == "7"
    assert sample.as_json() == {**SAMPLE, "new": [1]}


def test_fields_that_are_missing_mean_another_version() -> None:
    with pytest.raises(errors.NotUnderstood, match=r"another version.*name: Field required"):
        parse(Dataset, httpx.Response(200, json={}, request=REQUEST))


def test_what_is_asked_again_is_all_new() -> None:
    old, newer = Sample.model_validate(SAMPLE), Sample.model_validate({**SAMPLE, "label": "1"})

    old._become(newer)

    assert old.as_json() == {**SAMPLE, "label": "1"}
