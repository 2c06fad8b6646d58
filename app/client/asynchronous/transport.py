"""Does what conversations ask for, while others do theirs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
from pydantic import PrivateAttr

from app.client.address import Address
from app.client.calls import Call, Came, Steps
from app.client.events import Event, EventFeed
from app.client.records import Page, Record

Result = TypeVar("Result")


class AsyncTransport:
    """A pool of connections to a service."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._http = httpx.AsyncClient(**address.options())

    async def close(self) -> None:
        await self._http.aclose()

    async def run(self, steps: Steps[Result]) -> Result:
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
                came = await self._sent(step)
            else:
                await asyncio.sleep(step.seconds)

    async def bound(self, steps: Steps["Thing"]) -> "Thing":
        """The same for something that can be asked for more."""
        return self.bind(await self.run(steps))

    def bind(self, thing: "Thing") -> "Thing":
        """Have something ask over these connections."""
        thing._transport = self
        return thing

    async def items(
        self, page: Callable[[str | None], Steps[Page[Result]]]
    ) -> AsyncIterator[Result]:
        """Everything in a list, part by part as it is needed."""
        cursor = None
        while True:
            part = await self.run(page(cursor))
            for item in part.data:
                yield item
            cursor = part.next_cursor
            if cursor is None:
                return

    async def things(
        self, page: Callable[[str | None], Steps[Page["Thing"]]]
    ) -> AsyncIterator["Thing"]:
        """The same for what can be asked for more."""
        async for thing in self.items(page):
            yield self.bind(thing)

    async def events(self, feed: EventFeed) -> AsyncIterator[Event]:
        """A job's events until its end, over as many connections as it takes."""
        while not feed.ended:
            error: httpx.TransportError | None = None
            delay: float | None = None
            try:
                async with self._stream(feed.call()) as response:
                    if response.status_code != httpx.codes.OK:
                        await response.aread()
                    delay = feed.opened(response)
                    if delay is None:
                        async for line in response.aiter_lines():
                            event = feed.line(line)
                            if event is not None:
                                yield event
            except httpx.TransportError as lost:
                error = lost
            await asyncio.sleep(feed.lost(error) if delay is None else delay)

    async def _sent(self, call: Call) -> httpx.Response | httpx.TransportError:
        request = self._http.build_request(**self._address.request(call))
        try:
            return await self._http.send(request)
        except httpx.TransportError as error:
            return error

    @asynccontextmanager
    async def _stream(self, call: Call) -> AsyncIterator[httpx.Response]:
        request = self._http.build_request(**self._address.request(call))
        response = await self._http.send(request, stream=True)
        try:
            yield response
        finally:
            await response.aclose()


class AsyncBound(Record):
    """An answer that can be asked for more."""

    _transport: AsyncTransport = PrivateAttr()


Thing = TypeVar("Thing", bound=AsyncBound)
