"""The Python client against the real service, over connections that are lost on the way."""

import asyncio
import io
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import PIL.Image
import pytest

from app.client import (
    AsyncClient,
    Client,
    Event,
    Forbidden,
    Input,
    InvalidRequest,
    JobFailed,
    NotFound,
    NotUnderstood,
    Strokes,
    TookTooLong,
    Unauthorized,
    Unreachable,
)
from tests.conftest import Server, StartServer
from tests.tcp_proxy import proxy_of

SEVEN = Strokes([[(10, 10), (60, 10), (30, 80)]])
KEYS = {"MNISTRY_API_KEYS": "reader:look-only,trainer:do-anything"}


@pytest.fixture
def mnistry(server: Server) -> Iterator[Client]:
    """A client of the shared server."""
    with Client(server.url) as client:
        yield client


@pytest.fixture
def small() -> dict[str, Any]:
    """A job that ends in a second or two."""
    return {"preset": "linear", "epochs": 2, "train_samples": 3000, "seed": 3}


@pytest.fixture
def seven(mnistry: Client) -> bytes:
    return mnistry.datasets.sample(0)


def test_a_job_is_waited_for_and_its_model_reads(
    mnistry: Client, small: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    job = mnistry.jobs.create(**small, name="mine", tags=["client"])
    assert not job.ended

    assert job.wait(progress=True) is job

    assert (job.status, len(job.history), job.name) == ("succeeded", 2, "mine")
    model = job.model()
    assert (model.job_id, model.dataset) == (job.id, "mnist")
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(f"{job.id} succeeded")
    assert line.endswith(model.id)


def test_anything_that_shows_a_digit_is_read(
    mnistry: Client, model: dict[str, Any], seven: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "seven.png"
    file.write_bytes(seven)
    image = PIL.Image.open(io.BytesIO(seven))
    pixels = np.asarray(image)
    sources: list[Input] = [str(file), file, seven, image, pixels, pixels.astype(np.float32) / 255]
    reader = mnistry.models.get(model["id"])

    alone = [reader.predict(source) for source in sources]
    together = reader.predict([*sources, SEVEN], top_k=2)

    assert {one.label for one in alone} == {"7"}
    assert {one.label for one in together} == {"7"}
    confidences = [one.confidence for one in together[:-1]]
    assert [one.confidence for one in alone] == pytest.approx(confidences, rel=1e-5)
    assert alone[0].filename == "seven.png"
    assert len(together[0].top_k or ()) == 2


def test_more_inputs_than_a_request_takes_are_read_in_their_order(
    mnistry: Client, model: dict[str, Any]
) -> None:
    images = [mnistry.datasets.sample(i) for i in range(3)]
    reader = mnistry.models.get(model["id"])

    read = reader.predict(images * 100)

    assert [one.label for one in read] == [one.label for one in reader.predict(images)] * 100


def test_pages_are_turned_as_they_are_needed(mnistry: Client) -> None:
    ids = [mnistry.networks.create(preset="linear", name=f"page {i}").id for i in range(25)]

    listed = [network.id for network in mnistry.networks.list()]

    assert [i for i in listed if i in ids] == ids[::-1]
    sevens = mnistry.datasets.samples(label="7")
    assert [next(sevens).index for _ in range(3)] == [0, 17, 26]


def test_a_network_is_defined_checked_trained_and_removed(mnistry: Client) -> None:
    network = mnistry.networks.create(
        [{"type": "flatten"}, {"type": "dense", "output_dim": 10}, {"type": "softmax"}]
    )

    assert mnistry.networks.get(network.id).parameters == 7850
    assert mnistry.networks.validate(preset="lenet5").summary[0].type == "conv2d"
    assert mnistry.networks.gradcheck(network.id).passed
    plan = mnistry.jobs.plan(network=network, epochs=3)
    assert (plan.config["epochs"], plan.parameters) == (3, 7850)
    mnistry.networks.delete(network.id)
    with pytest.raises(NotFound):
        mnistry.networks.get(network.id)


def test_models_are_evaluated_compared_named_and_carried_away(
    mnistry: Client, model: dict[str, Any], tmp_path: Path
) -> None:
    one = mnistry.models.get(model["id"])
    file = tmp_path / "digits.npz"
    one.save(file)

    other = mnistry.models.upload(file, name="came back")

    assert one.evaluate().accuracy == pytest.approx(one.metrics.test_accuracy)
    comparison = mnistry.models.compare(one.id, other.id)
    assert (comparison.p_value, comparison.disagreements) == (1.0, [])
    assert PIL.Image.open(io.BytesIO(one.filters())).format == "PNG"
    mnistry.aliases.point("carried", other.id)
    assert mnistry.models.get("carried").name == "came back"
    assert mnistry.aliases.get("carried").model_id == other.id
    assert "carried" in [alias.alias for alias in mnistry.aliases.list()]
    mnistry.aliases.delete("carried")
    other.delete()
    assert other.id not in [found.id for found in mnistry.models.list()]


def test_jobs_are_steered(mnistry: Client) -> None:
    job = mnistry.jobs.create(preset="mlp", epochs=200, tags=["steered"])

    assert job.pause().status == "paused"
    assert job.update(notes="later").notes == "later"
    assert [found.id for found in mnistry.jobs.list(tag="steered")] == [job.id]
    assert job.resume().status in ("queued", "running")
    job.cancel()
    with pytest.raises(JobFailed, match="is cancelled") as raised:
        job.wait()
    assert raised.value.status == "cancelled"
    with pytest.raises(JobFailed):
        job.model()
    job.delete()
    with pytest.raises(NotFound):
        job.refresh()


def test_a_job_is_replayed_to_the_same_weights(mnistry: Client, small: dict[str, Any]) -> None:
    job = mnistry.jobs.create(**small).wait()

    again = job.replay().wait()

    assert again.receipt is not None
    assert again.receipt["identical"] is True


def test_a_sweep_is_waited_for_and_ranked(mnistry: Client, small: dict[str, Any]) -> None:
    rates = [0.01, 0.0001]

    sweep = mnistry.sweeps.create({"optimizer.learning_rate": rates}, **small).wait()

    assert [trial.rank for trial in sweep.trials] == [1, 2]
    assert sweep.best().config["optimizer"]["learning_rate"] == rates[0]
    assert mnistry.sweeps.get(sweep.id).cancel().status == "succeeded"


def test_what_does_not_validate_says_where(mnistry: Client) -> None:
    with pytest.raises(InvalidRequest, match=r"put .* before it") as raised:
        mnistry.networks.create([{"type": "dense", "output_dim": 10}])

    error = raised.value
    assert (error.status, error.errors[0].loc) == (422, ("layers", 0))
    assert error.request_id


def test_a_quiet_job_is_no_lost_one(server: Server) -> None:
    with Client(server.url, timeout=1) as impatient:
        job = impatient.jobs.create(preset="cnn", epochs=50)
        job.pause()
        events: list[Event] = []
        reading = threading.Thread(target=lambda: events.extend(job.events()))
        reading.start()

        with pytest.raises(TookTooLong, match="is paused after 6 s"):
            job.wait(timeout=6)

        assert reading.is_alive()
        job.cancel()
        reading.join(10)
    assert [event.event for event in events][-1] == "end"


def test_events_go_on_over_a_restart_of_the_service(start_server: StartServer) -> None:
    server = start_server()
    with Client(server.url) as client:
        job = client.jobs.create(preset="mlp", epochs=8, train_samples=10_000)
        seen: list[int] = []
        for event in job.events(after=0):
            seen.append(event.id)
            if len(seen) == 4:
                server.stop()
                server.part.start()

        assert seen == list(range(1, len(seen) + 1))
        assert event.event == "end"
        assert job.wait().status == "succeeded"


def test_events_go_on_where_a_connection_is_cut(server: Server) -> None:
    with proxy_of(server.url) as proxy, Client(proxy.url) as client:
        job = client.jobs.create(preset="mlp", epochs=8, train_samples=5000)
        seen: list[int] = []
        for event in job.events(after=0):
            seen.append(event.id)
            if len(seen) in (3, 6):
                proxy.cut()

        assert seen == list(range(1, len(seen) + 1))


def test_what_was_made_once_is_not_made_again_when_the_answer_is_lost(
    server: Server, mnistry: Client, small: dict[str, Any]
) -> None:
    with proxy_of(server.url) as proxy, Client(proxy.url) as client:
        proxy.lose_answers = 2

        job = client.jobs.create(**small, tags=["made once"])

        assert proxy.lost == 2
        assert [found.id for found in mnistry.jobs.list(tag="made once")] == [job.id]
        job.wait()
        proxy.lose_answers = 1
        job.delete()


def test_a_full_queue_is_waited_for(start_server: StartServer) -> None:
    server = start_server("--trainers", "0", ready=False, MNISTRY_MAX_QUEUED_JOBS="1")
    with Client(server.url) as client:
        first = client.jobs.create(preset="linear")
        threading.Timer(1, first.cancel).start()
        began = time.monotonic()

        second = client.jobs.create(preset="linear")

        assert time.monotonic() - began > 9  # as the service has asked
        assert second.status == "queued"


def test_keys_are_sent_and_what_they_may_not_is_said(start_server: StartServer) -> None:
    url = start_server(**KEYS).url

    with Client(url) as nobody, pytest.raises(Unauthorized, match="none was sent"):
        next(nobody.jobs.list())
    with Client(url, "guessed") as guest, pytest.raises(Unauthorized, match="not one of the"):
        guest.models.get()
    with Client(url, "look-only") as reader, pytest.raises(Forbidden, match="trainer"):
        reader.jobs.create(preset="linear")
    with Client(url, key="do-anything") as trainer:
        assert trainer.networks.create(preset="linear").parameters == 7850


def test_that_nobody_listens_is_said_soon() -> None:
    began = time.monotonic()

    with Client("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match="no service"):
        client.jobs.get("job_1")

    assert time.monotonic() - began < 10


class Website(BaseHTTPRequestHandler):
    """Answers everything with a page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


def test_another_program_at_the_address_is_said_to_be_one() -> None:
    website = HTTPServer(("127.0.0.1", 0), Website)
    threading.Thread(target=website.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{website.server_port}"
        with Client(url) as client, pytest.raises(NotUnderstood, match="else than Mnistry"):
            client.jobs.get("job_1")
    finally:
        website.shutdown()
        website.server_close()


def test_the_asynchronous_client_does_the_same(server: Server, small: dict[str, Any]) -> None:
    async def journey() -> None:
        async with AsyncClient(server.url) as client:
            jobs = await asyncio.gather(*(client.jobs.create(**small) for _ in range(2)))
            events = [event.event async for event in jobs[0].events()]
            assert (events[0], events[-1]) == ("snapshot", "end")
            for job in jobs:
                await job.wait()
            models = [await job.model() for job in jobs]
            assert (await client.models.compare(models[0].id, models[1].id)).p_value == 1.0
            seven = await client.datasets.sample(0)
            one, (other, _) = await asyncio.gather(
                models[0].predict(seven), models[1].predict([seven, SEVEN])
            )
            assert one.probabilities == pytest.approx(other.probabilities, rel=1e-5)
            assert jobs[0].id in [job.id async for job in client.jobs.list()]
            with pytest.raises(NotFound):
                await client.models.get("mdl_none")

    asyncio.run(journey())


def test_the_asynchronous_client_goes_on_after_a_lost_answer(server: Server) -> None:
    async def create(url: str) -> str:
        async with AsyncClient(url) as client:
            return (await client.networks.create(preset="linear", name="made once")).id

    with proxy_of(server.url) as proxy:
        proxy.lose_answers = 1

        network_id = asyncio.run(create(proxy.url))

        assert proxy.lost == 1
    named = [n["id"] for n in httpx.get(f"{server.url}/v1/networks").json()["data"]]
    assert named.count(network_id) == 1


def test_the_quick_start_runs_as_it_is_shown(server: Server) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "docs/examples/quick_start.py", server.url]

    run = subprocess.run(
        command,
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert run.returncode == 0, run.stderr
    *epochs, answer = run.stdout.splitlines()
    assert [line.split(":")[0] for line in epochs] == ["epoch 1", "epoch 2", "epoch 3"]
    assert answer.startswith("7, read by mdl_")
