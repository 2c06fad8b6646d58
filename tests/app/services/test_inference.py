"""Inference: every caller gets its own rows, whoever else comes, leaves or is too late."""

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from app.domain.errors import Overloaded
from app.domain.presets import PRESETS
from app.services import inference
from app.services.batches import Run
from app.services.inference import Inference
from app.services.serving import LoadedModel
from app.services.statistics import Statistics
from app.store import mnist
from engine.familiarity import learn
from tests.app.records import a_loaded_model


@pytest.fixture(scope="module")
def mlp() -> LoadedModel:
    return a_loaded_model(PRESETS["mlp"].definition)


@pytest.fixture(scope="module")
def digits() -> Any:
    return mnist.read("test").images[:256].astype(np.float32) / 255


@pytest.fixture
def statistics() -> Statistics:
    return Statistics(CollectorRegistry())


@pytest.fixture
def engine_room(statistics: Statistics) -> Iterator[Inference]:
    room = Inference(1, statistics)
    yield room
    room.close()


def test_a_small_run_is_computed_at_once(
    engine_room: Inference, statistics: Statistics, mlp: LoadedModel, digits: Any
) -> None:
    run = asyncio.run(engine_room.run(mlp, digits[:1], 1))

    assert run.queued < 0.05
    assert run.batch_rows == 1
    assert np.array_equal(run.output, mlp.predict(digits[:1]))
    figures = statistics.figures()[mlp.model.id]
    assert (figures.rows, figures.compute_infer.count) == (1, 1)


def test_small_runs_of_one_turn_share_a_batch_though_some_leave(
    engine_room: Inference, mlp: LoadedModel, digits: Any
) -> None:
    async def turn() -> list[Run | BaseException]:
        calls = [asyncio.ensure_future(engine_room.run(mlp, x[None], 1)) for x in digits[:16]]
        await asyncio.sleep(0)  # all of them ask, none is answered yet
        for leaving in calls[::4]:
            leaving.cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    runs = asyncio.run(turn())

    expected = mlp.predict(digits[:16])
    for i, run in enumerate(runs):
        if i % 4 == 0:
            assert isinstance(run, asyncio.CancelledError)
        else:
            assert isinstance(run, Run)
            assert np.allclose(run.output[0], expected[i], atol=1e-6)
            assert run.batch_rows == 12


def test_how_familiar_inputs_are_is_told_who_asks(engine_room: Inference, digits: Any) -> None:
    known = learn(digits, mnist.read("test").labels[:256])
    reader = a_loaded_model(PRESETS["mlp"].definition, known)

    async def ask() -> list[Run]:
        calls = [engine_room.run(reader, digits[i : i + 1], 1, judged=i == 2) for i in range(4)]
        return await asyncio.gather(*calls, engine_room.run(reader, digits[:64], 60, judged=True))

    *small, large = asyncio.run(ask())

    assert known is not None
    assert large.is_digit is not None
    assert small[2].is_digit is not None
    assert np.allclose(large.is_digit, known.score(digits[:64]), atol=1e-4)
    assert np.allclose(small[2].is_digit, known.score(digits[2:3]), atol=1e-4)
    assert asyncio.run(engine_room.run(reader, digits[:1], 1)).is_digit is None


def test_a_lone_caller_of_a_large_network_waits_for_nobody(
    engine_room: Inference, mlp: LoadedModel, digits: Any
) -> None:
    run = asyncio.run(engine_room.run(mlp, digits[:64], 10))

    assert run.batch_rows == 64
    assert run.queued < 0.05
    assert np.array_equal(run.output, mlp.predict(digits[:64]))


def test_every_caller_gets_its_own_rows_though_others_leave(
    engine_room: Inference, statistics: Statistics, digits: Any
) -> None:
    cnn = a_loaded_model(PRESETS["cnn"].definition)
    expected = cnn.predict(digits[:200])
    rng = random.Random(0)
    leaving = set(rng.sample(range(200), 60))

    async def call(i: int) -> Run | None:
        await asyncio.sleep(rng.uniform(0, 0.2))
        running = asyncio.ensure_future(engine_room.run(cnn, digits[i : i + 1], 60))
        if i in leaving:
            await asyncio.sleep(rng.uniform(0, 0.05))
            running.cancel()
        try:
            return await running
        except asyncio.CancelledError:
            return None

    async def all_of_them() -> list[Run | None]:
        return await asyncio.gather(*map(call, range(200)))

    runs = asyncio.run(all_of_them())

    for i, run in enumerate(runs):
        if i not in leaving:
            assert run is not None
            assert np.allclose(run.output[0], expected[i], atol=1e-6)
    figures = statistics.figures()[cnn.model.id]
    assert figures.compute_infer.count < figures.rows  # they shared batches


def test_a_batch_of_many_callers_is_bounded(
    engine_room: Inference, mlp: LoadedModel, digits: Any
) -> None:
    async def all_of_them() -> list[Run]:
        return await asyncio.gather(*(engine_room.run(mlp, digits[:100], 60) for _ in range(20)))

    runs = asyncio.run(all_of_them())

    assert max(run.batch_rows for run in runs) <= inference.MAX_BATCH_ROWS
    assert all(np.allclose(run.output, mlp.predict(digits[:100]), atol=1e-6) for run in runs)


def test_a_deadline_passes_in_time_while_others_compute(
    engine_room: Inference, digits: Any
) -> None:
    resnet = a_loaded_model(PRESETS["resnet"].definition)

    async def impatient() -> float:
        long = asyncio.ensure_future(engine_room.run(resnet, digits, 60))
        await asyncio.sleep(0.01)
        began = time.perf_counter()
        with pytest.raises(Overloaded, match="no answer within"):
            await engine_room.run(resnet, digits[:1], 0.02)
        waited = time.perf_counter() - began
        assert not long.done()
        await long
        return waited

    assert asyncio.run(impatient()) < 0.1


def test_too_much_is_refused_at_once_with_the_time_that_it_would_take(
    engine_room: Inference, mlp: LoadedModel, digits: Any
) -> None:
    many = np.concatenate([digits] * 4)

    async def crowd() -> list[Run | BaseException]:
        calls = [engine_room.run(mlp, many, 60) for _ in range(20)]
        return await asyncio.gather(*calls, return_exceptions=True)

    answers = asyncio.run(crowd())

    refused = [one for one in answers if isinstance(one, Overloaded)]
    assert refused
    assert all(one.retry_after > 0 for one in refused)
    assert any(isinstance(one, Run) for one in answers)
    # What waited has left: the next one is taken.
    assert asyncio.run(engine_room.run(mlp, many, 60)).batch_rows == len(many)


def test_a_failing_batch_fails_its_callers_alone(
    engine_room: Inference, mlp: LoadedModel, digits: Any
) -> None:
    async def call() -> None:
        misfits = [digits[:64, :, :27], digits[:64]]
        calls = [engine_room.run(mlp, x, 60) for x in misfits]
        assert all(
            isinstance(e, ValueError) for e in await asyncio.gather(*calls, return_exceptions=True)
        )
        assert (await engine_room.run(mlp, digits[:64], 60)).batch_rows == 64

    asyncio.run(call())
