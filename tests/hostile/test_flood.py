"""Clients that hold on to what they have, all at once; `make fuzz` sends thousands of them."""

import time

from tests.hostile import flood, images
from tests.hostile.parts import a_job
from tests.hostile.service import Target, Watch

SLOW_MACHINE = 5.0
"""How long health may take on a machine that does other things too."""


def test_who_holds_on_is_let_go_and_the_service_answers_meanwhile(service: Target) -> None:
    job_id = a_job(service)
    before = service.footprint()
    with (
        Watch(service, every=0.1) as watch,
        flood.never_reading(service.address, "/static/swagger/swagger-ui-bundle.js", 20) as deaf,
        flood.slow_bodies(service.address, 20) as slow,
        flood.streams(service, 60, job_id) as let_in,
        flood.crowd(service.address, 200) as crowd,
    ):
        closed, seconds = flood.reaped(crowd.all, 15)
        assert closed == 200, f"{closed} closed, the last after {seconds:.1f} s"
        unread, _ = flood.gone(deaf, 40)
        assert unread == len(deaf)
        given_up, _ = flood.reaped(slow, 15)
        assert given_up == len(slow)
    after = service.settled(before, 30)

    assert let_in == {flood.LET_IN: 60}
    assert watch.health_percentile(0.99) < SLOW_MACHINE
    assert after.descriptors <= before.descriptors + 2


def test_one_client_has_only_so_many_streams(service: Target) -> None:
    with flood.streams(service, 12, a_job(service), clients=1) as let_in:
        assert let_in == {flood.LET_IN: 8, flood.REFUSED: 4}


def test_who_asks_for_too_much_at_once_is_told_when_to_come_again(service: Target) -> None:
    picture = images.encoded(images.digit().resize((2000, 2000)), "PNG")
    requests = flood.heavy_requests(service, picture)

    with Watch(service, every=0.1) as watch:
        seen = flood.at_once(service, requests, clients=32)

    assert set(seen) <= {200, 503}
    assert seen[200]
    assert seen[503]
    assert watch.health_percentile(0.99) < SLOW_MACHINE
    began = time.monotonic()
    assert flood.at_once(service, requests[:1], clients=1) == {200: 1}
    assert time.monotonic() - began < 30
