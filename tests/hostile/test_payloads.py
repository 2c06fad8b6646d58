"""Some of every kind of payload, against a real service; `make fuzz` sends all of them."""

import pytest

from tests.hostile import http_messages, json_bodies, payloads, sites
from tests.hostile.oracle import Verdicts
from tests.hostile.service import MIB, Target, Watch
from tests.hostile.wire import JSON, Request, Wire

EVERY = {
    "malformed JSON": 7,
    "wrong types": 17,
    "strings in bodies": 13,
    "strings in addresses": 29,
    "strings in headers": 23,
    "images": 5,
    "forms": 3,
    "files": 29,
    "paths": 3,
    "ranges": 2,
}
"""Of so many payloads of a kind one is sent."""

GROWTH = 256 * MIB


def assert_unharmed(service: Target, watch: Watch, files: set[str]) -> None:
    assert watch.peak < watch.before.memory + GROWTH
    after = service.settled(watch.before)
    assert after.descriptors <= watch.before.descriptors + 2
    assert after.processes <= watch.before.processes
    assert not service.files() - files


@pytest.mark.parametrize("kind", payloads.KINDS)
def test_what_is_hostile_is_refused_and_changes_nothing(service: Target, kind: str) -> None:
    files = service.files()

    with Watch(service, every=0.2) as watch:
        verdicts = payloads.send(service, payloads.KINDS[kind](service.document), EVERY[kind])

    assert not verdicts.wrong
    assert verdicts.sent >= 10
    assert_unharmed(service, watch, files)


def test_what_is_no_http_is_refused_and_changes_nothing(service: Target) -> None:
    files = service.files()

    with Watch(service, every=0.2) as watch:
        verdicts = payloads.send_raw(service)

    assert not verdicts.wrong
    assert verdicts.sent > 100
    assert_unharmed(service, watch, files)


@pytest.mark.parametrize("kind", payloads.SITES)
def test_pages_of_other_sites_reach_nothing(service: Target, kind: str) -> None:
    verdicts = payloads.send(service, payloads.SITES[kind](service.document), every=3)

    assert not verdicts.wrong
    assert verdicts.sent > 100


def test_no_text_takes_long_to_refuse(service: Target) -> None:
    """Work that grows with the square of a text would take minutes for a megabyte."""
    verdicts = Verdicts()
    with Watch(service, every=0.2) as watch, Wire(service.address) as wire:
        for name, text in json_bodies.texts():
            request = Request("POST", "/v1/jobs", text, JSON, json_bodies.REFUSED)
            verdicts.take(name, request, wire.ask(request))

    assert not verdicts.wrong
    assert max(verdicts.seconds) < 5
    assert max(watch.health) < 5


def test_a_megabyte_of_mistakes_is_answered_with_some_of_them(service: Target) -> None:
    content = dict(json_bodies.texts())["many unknown fields"]
    request = Request("POST", "/v1/networks", content, JSON, frozenset({422}))

    with Wire(service.address) as wire:
        answer = wire.ask(request)

    assert answer.status == 422
    assert len(answer.content) < 100_000


def test_generators_make_what_they_promise(service: Target) -> None:
    """A generator that yields nothing would pass every test."""
    kinds = {**payloads.KINDS, **payloads.SITES}
    del kinds["images"]  # making all of them takes long
    counts = {name: sum(1 for _ in kind(service.document)) for name, kind in kinds.items()}

    assert min(counts.values()) > 20
    assert sum(counts.values()) > 10_000
    assert sum(1 for _ in http_messages.raw()) > 150
    assert len(sites.FOREIGN_HOSTS) > 20
