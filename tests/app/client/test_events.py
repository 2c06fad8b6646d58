"""An event feed without a connection: what its lines say, and where it goes on."""

import httpx
import pytest

from app.client import errors
from app.client.events import Event, EventFeed

REQUEST = httpx.Request("GET", "http://127.0.0.1:8000/v1/jobs/job_1/events")
LOST = httpx.ReadError("", request=REQUEST)


def read(feed: EventFeed, text: str) -> list[Event]:
    events = [feed.line(line) for line in text.split("\n")]
    return [event for event in events if event is not None]


def frame(event_id: int, event: str, data: str) -> str:
    return f"id: {event_id}\nevent: {event}\ndata: {data}\n"


def test_frames_become_events_and_what_keeps_the_line_open_does_not() -> None:
    text = "retry: 2000\n\n" + frame(4, "status", '{"at": "t", "status": "running"}')
    text += "\n: keep-alive\n"

    events = read(EventFeed("job_1", None), text)

    assert events == [Event(4, "status", "t", {"status": "running"})]


@pytest.mark.parametrize(("after", "asked"), [(None, {}), (0, {"after": 0})])
def test_it_begins_where_it_is_told_to(after: int | None, asked: dict[str, int]) -> None:
    call = EventFeed("job_1", after).call()

    assert call.params == asked
    assert "Last-Event-ID" not in call.headers


def test_it_goes_on_after_the_last_event_that_was_whole() -> None:
    feed = EventFeed("job_1", None)
    read(feed, frame(7, "log", "{}"))
    feed.line("id: 8")
    feed.line("event: log")

    feed.lost(LOST)

    assert feed.call().headers["Last-Event-ID"] == "7"
    (event,) = read(feed, frame(8, "log", '{"n": 1}'))
    assert event == Event(8, "log", None, {"n": 1})


def test_the_end_is_the_end() -> None:
    feed = EventFeed("job_1", None)

    read(feed, frame(9, "end", "{}"))

    assert feed.ended
    assert feed.lost(LOST) == 0


def test_nothing_to_come_is_the_end_too() -> None:
    feed = EventFeed("job_1", 9)

    feed.opened(httpx.Response(204, request=REQUEST))

    assert feed.ended


def test_a_busy_service_is_given_its_time() -> None:
    feed = EventFeed("job_1", None)

    busy = httpx.Response(429, headers={"Retry-After": "5"}, request=REQUEST)

    assert feed.opened(busy) == 5


def test_a_service_that_stays_away_is_given_up() -> None:
    times = iter([0.0, 100.0, 200.0])
    feed = EventFeed("job_1", None, lambda: next(times))
    feed.lost(LOST)
    feed.lost(LOST)

    with pytest.raises(errors.Unreachable, match="was lost"):
        feed.lost(LOST)
