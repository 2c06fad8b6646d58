import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from app.api.intake import FEW, Intake

LARGE = 10 * FEW


class Held:
    """An app that has read its body, and does not answer yet."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await receive()
        except HTTPException as error:
            self.refused += error.status_code == 503
            return
        await self.over.wait()


async def post(app: Any, size: int, announced: bool = True) -> list[Message]:
    """What is sent in answer to a body."""
    length = (b"content-length", b"%d" % size) if announced else (b"transfer-encoding", b"chunked")
    scope = {"type": "http", "path": "/", "request_id": "x", "headers": [length]}
    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * size}

    async def send(message: Message) -> None:
        answers.append(message)

    await app(scope, receive, send)
    return answers


async def busy(app: Any, count: int, size: int) -> list[asyncio.Task[list[Message]]]:
    tasks = [asyncio.create_task(post(app, size)) for _ in range(count)]
    await asyncio.sleep(0.01)
    return tasks


def test_bodies_together_have_a_limit_and_it_is_free_again_when_they_are_answered() -> None:
    async def scenario() -> None:
        held = Held()
        app = Intake(held, most=3 * LARGE, most_of_one=2 * LARGE)
        tasks = await busy(app, 3, LARGE)

        start, _ = await post(app, LARGE)
        assert start["status"] == 503
        assert (b"retry-after", b"1") in start["headers"]

        held.over.set()
        await asyncio.gather(*tasks)
        assert await post(app, LARGE) == []

    asyncio.run(scenario())


def test_a_body_that_does_not_say_how_long_it_is_counts_as_it_comes() -> None:
    async def scenario() -> None:
        held = Held()
        app = Intake(held, most=3 * LARGE, most_of_one=2 * LARGE)
        tasks = await busy(app, 2, LARGE)

        await post(app, 2 * LARGE, announced=False)
        assert held.refused == 1

        held.over.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())


def test_small_bodies_are_let_in_whatever_there_is() -> None:
    async def scenario() -> None:
        held = Held()
        app = Intake(held, most=LARGE, most_of_one=LARGE)
        tasks = await busy(app, 1, LARGE)
        held.over.set()

        assert await post(app, FEW) == []
        await asyncio.gather(*tasks)

    asyncio.run(scenario())


def test_of_a_body_that_goes_to_the_disk_only_its_beginning_counts() -> None:
    async def scenario() -> None:
        held = Held()
        app = Intake(held, most=3 * LARGE, most_of_one=LARGE)
        tasks = await busy(app, 3, 50 * LARGE)
        assert not held.refused

        held.over.set()
        await asyncio.gather(*tasks)

    asyncio.run(scenario())
