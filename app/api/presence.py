"""Clients go away: while their body is read, and while they wait for a model."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from app.services.batches import Run
from app.services.inference import Inference
from app.services.serving import LoadedModel
from engine.arrays import Array


async def read(request: Request) -> bytes:
    """The body; most come in one piece.

    Raises:
        ClientDisconnect: The client went away.
    """
    pieces = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


async def run(
    request: Request,
    inference: Inference,
    model: LoadedModel,
    x: Array,
    patience: float,
    *,
    judged: bool = False,
) -> Run:
    """The output of a model for the rows of a request, whose body was read.

    Who goes away while others are computed is not computed.

    Raises:
        ClientDisconnect: The client went away.
        Overloaded: Too much waits already, or the time was up.
    """
    if inference.runs_at_once(model, len(x)):
        return await inference.run(model, x, patience, judged=judged)
    running = asyncio.create_task(inference.run(model, x, patience, judged=judged))
    leaving = asyncio.create_task(_leaves(request))
    try:
        await asyncio.wait((running, leaving), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
        raise ClientDisconnect
    finally:
        running.cancel()
        leaving.cancel()


async def _leaves(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
