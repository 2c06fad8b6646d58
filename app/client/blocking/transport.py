"""Does what conversations ask for, one after the other."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from pydantic import PrivateAttr

from app.client.address import Address
from app.client.calls import Call, Came, Steps
from app.client.events import Event, EventFeed
from app.client.records import Page, Record

Result = TypeVar("Result")


class Transport:
    """A pool of connections to a service."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._http = httpx.Client(**address.options())

    def close(self) -> None:
        self._http.close()

    def run(self, steps: Steps[Result]) -> Result:
        """Hold a conversation, and answer with what came of it."""
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as end:
                result: Result = end.value
                return result
            came = None
            if isinstance(step, Call):
                came = self._sent(step)
            else:
                time.sleep(step.seconds)

    def bound(self, steps: Steps["Thing"]) -> "Thing":
        """The same for something that can be asked for more."""
        return self.bind(self.run(steps))

    def bind(self, thing: "Thing") -> "Thing":
        """Have something ask over these connections."""
        thing._transport = self
        return thing

    def items(self, page: Callable[[str | None], Steps[Page[Result]]]) -> Iterator[Result]:
        """Everything in a list, part by part as it is needed."""
        cursor = None
        while True:
            part = self.run(page(cursor))
            yield from part.data
            cursor = part.next_cursor
            if cursor is None:
                return

    def things(self, page: Callable[[str | None], Steps[Page["Thing"]]]) -> Iterator["Thing"]:
        """The same for what can be asked for more."""
        return map(self.bind, self.items(page))

    def events(self, feed: EventFeed) -> Iterator[Event]:
        """A job's events until its end, over as many connections as it takes."""
        while not feed.ended:
            error: httpx.TransportError | None = None
            delay: float | None = None
            try:
                with self._stream(feed.call()) as response:
                    if response.status_code != httpx.codes.OK:
                        response.read()
                    delay = feed.opened(response)
                    for line in response.iter_lines() if delay is None else ():
                        event = feed.line(line)
                        if event is not None:
                            yield event
            except httpx.TransportError as lost:
                error = lost
            time.sleep(feed.lost(error) if delay is None else delay)

    def _sent(self, call: Call) -> httpx.Response | httpx.TransportError:
        request = self._http.build_request(**self._address.request(call))
        try:
            return self._http.send(request)
        except httpx.TransportError as error:
            return error

    @contextmanager
    def _stream(self, call: Call) -> Iterator[httpx.Response]:
        request = self._http.build_request(**self._address.request(call))
        response = self._http.send(request, stream=True)
        try:
            yield response
        finally:
            response.close()


class Bound(Record):
    """An answer that can be asked for more."""

    _transport: Transport = PrivateAttr()


Thing = TypeVar("Thing", bound=Bound)
