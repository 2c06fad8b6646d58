import asyncio

import pytest

from app.api.places import Places
from app.domain.errors import Overloaded


async def hold(places: Places, over: asyncio.Event) -> None:
    async with places.one():
        await over.wait()


async def started(places: Places, over: asyncio.Event, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(hold(places, over)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_so_many_work_so_many_wait_and_more_are_sent_away() -> None:
    async def scenario() -> None:
        places, over = Places(2, 3, patience=60), asyncio.Event()
        tasks = await started(places, over, 5)

        with pytest.raises(Overloaded) as refused:
            async with places.one():
                pass

        assert refused.value.retry_after > 0
        over.set()
        await asyncio.gather(*tasks)
        async with places.one():  # all of them are free again
            pass

    asyncio.run(scenario())


def test_who_has_waited_too_long_is_sent_away_and_takes_no_place() -> None:
    async def scenario() -> None:
        places, over = Places(1, 3, patience=0.01), asyncio.Event()
        (task,) = await started(places, over, 1)

        with pytest.raises(Overloaded):
            async with places.one():
                pass

        over.set()
        await task
        assert await places.run(len, "abc") == 3

    asyncio.run(scenario())


def test_the_longer_they_take_the_later_one_is_told_to_come_again() -> None:
    async def told(seconds: float) -> float:
        places, over = Places(1, 0, patience=60), asyncio.Event()
        for _ in range(20):
            async with places.one():
                await asyncio.sleep(seconds)
        (task,) = await started(places, over, 1)
        with pytest.raises(Overloaded) as refused:
            async with places.one():
                pass
        over.set()
        await task
        return refused.value.retry_after

    assert asyncio.run(told(0.02)) > asyncio.run(told(0.0))


def test_a_place_is_free_again_when_the_work_fails() -> None:
    async def scenario() -> None:
        places = Places(1, 0, patience=60)
        for _ in range(3):
            with pytest.raises(ValueError, match="invalid literal"):
                await places.run(int, "x")

    asyncio.run(scenario())
