"""What is seldom seen from outside: a process that has as many connections as it takes."""

import asyncio

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.api.connections import Connection

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def answered(client: Client) -> bool:
    """Whether a client gets an answer; not where it was dropped."""
    reader, writer = client
    writer.write(GET)
    try:
        return (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
    except (ConnectionError, asyncio.IncompleteReadError):
        return False


class OneOfFew(Connection):
    """A connection where there may be three."""

    most = 3


def test_who_asks_for_nothing_makes_room_the_first_before_the_others() -> None:
    async def scenario() -> list[bool]:
        loop, state = asyncio.get_running_loop(), ServerState()
        config = uvicorn.Config(PlainTextResponse("ok"), lifespan="off", log_config=None)
        server = await loop.create_server(lambda: OneOfFew(config, state, {}), "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        used = await asyncio.open_connection(*address)
        assert await answered(used)
        first, second, third, fourth = [await asyncio.open_connection(*address) for _ in range(4)]
        await asyncio.sleep(0.05)
        seen = [await answered(one) for one in (used, first, second, third, fourth)]
        for _, writer in (used, first, second, third, fourth):
            writer.close()
        server.close()
        return seen

    assert asyncio.run(scenario()) == [True, False, False, True, True]


def test_a_client_that_waits_for_the_word_is_told_to_go_on_before_the_answer() -> None:
    asked = GET.replace(b"GET", b"POST").removesuffix(b"\r\n")
    asked += b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        await PlainTextResponse(body)(scope, receive, send)

    async def scenario() -> tuple[bytes, bytes]:
        loop, state = asyncio.get_running_loop(), ServerState()
        config = uvicorn.Config(echo, lifespan="off", log_config=None)
        server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(asked)
        word = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"yes")
        answer = await reader.readuntil(b"yes")
        writer.close()
        server.close()
        return word, answer

    word, answer = asyncio.run(scenario())
    assert word == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200")
