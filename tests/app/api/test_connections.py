"""What is seldom seen from outside: a process that has as many connections as it takes."""

import asyncio

import uvicorn
from starlette.responses import PlainTextResponse
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
