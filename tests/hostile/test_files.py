"""Hostile files against a real service: each is refused in words, and nothing of it stays."""

import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image, ImageDraw
from safetensors.numpy import save

from tests.cluster import Part
from tests.conftest import StartServer, start_service
from tests.dataset_files import arrays, npz, png, zipped
from tests.hostile import files
from tests.hostile.oracle import LEAKS
from tests.processes import children

AT_ONCE = 3
"""Fewer than the service reads at a time, so that none is refused for being one too many."""

WEIGHTS = {"1.W": np.zeros((784, 10), np.float32), "1.b": np.zeros(10, np.float32)}


Hostile = Mapping[str, Sequence[tuple[str, bytes]]]


@dataclass
class Service:
    """A service, and the folder in which it may leave nothing but what it has there itself."""

    part: Part
    temporary: Path
    own: frozenset[Path]
    model: str

    @property
    def url(self) -> str:
        return self.part.url

    def api(self) -> int:
        """The process that answers."""
        return next(pid for pid, line in children(self.part.pid).items() if " api " in line)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("hostile")
    temporary = folder / "temporary"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    running = start_service(
        folder / "data", "--trainers", "0", ready=False, environment=environment
    )
    with httpx.Client(base_url=running.url, timeout=60) as client:
        made = send_model(client, save(WEIGHTS))
        assert made.status_code == 201, made.text
        own = frozenset(temporary.iterdir())
        yield Service(running.part, temporary, own, made.json()["id"])
    running.stop()


@pytest.fixture(scope="module")
def hostile() -> Hostile:
    """All files by what they are sent as, made once."""
    return {kind: list(make()) for kind, make in files.ALL.items()}


def send_dataset(client: httpx.Client, content: bytes) -> httpx.Response:
    data = {"name": f"hostile-{uuid.uuid4().hex[:12]}"}
    return client.post("/v1/datasets", data=data, files={"file": ("data.npz", content)})


def send_model(client: httpx.Client, content: bytes) -> httpx.Response:
    data = {"network": json.dumps(files.NETWORK)}
    return client.post("/v1/models", data=data, files={"file": ("model.bin", content)})


def is_refused(answer: httpx.Response) -> bool:
    """Whether an answer says in words that the file is the reason."""
    if not 400 <= answer.status_code < 500:
        return False
    problem = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and problem["status"] == answer.status_code
        and bool(problem["detail"])
        and not LEAKS.search(answer.content)
        and "x-request-id" in answer.headers
    )


def refuses_all(
    service: Service,
    hostile: Iterable[tuple[str, bytes]],
    send: Callable[[httpx.Client, bytes], httpx.Response],
) -> None:
    """Send every file; what was not refused fails the test by its name."""
    with (
        httpx.Client(base_url=service.url, timeout=60) as client,
        ThreadPoolExecutor(AT_ONCE) as senders,
    ):
        sent = {name: senders.submit(send, client, content) for name, content in hostile}
        answers = {name: one.result() for name, one in sent.items()}
    taken = {
        name: f"{answer.status_code} {answer.text[:200]}"
        for name, answer in answers.items()
        if not is_refused(answer)
    }
    assert not taken
    assert_nothing_is_left(service)


def assert_nothing_is_left(service: Service) -> None:
    assert children(service.api()) == {}
    assert set(service.temporary.iterdir()) == service.own
    assert not Path(f"/tmp/{files.CANARY}").exists()  # noqa: S108 - where a pickle would put it
    assert list(service.temporary.parent.rglob(f"*{files.CANARY}*")) == []


def test_there_are_many(hostile: Hostile) -> None:
    names = [name for kind in hostile.values() for name, _ in kind]

    assert len(names) >= 400
    assert len(set(names)) == len(names)


def test_hostile_datasets_are_refused(service: Service, hostile: Hostile) -> None:
    refuses_all(service, hostile["datasets"], send_dataset)

    with httpx.Client(base_url=service.url) as client:
        assert [one["name"] for one in client.get("/v1/datasets").json()["data"]] == ["mnist"]


def test_hostile_models_are_refused(service: Service, hostile: Hostile) -> None:
    refuses_all(service, hostile["models"], send_model)

    with httpx.Client(base_url=service.url) as client:
        assert [one["id"] for one in client.get("/v1/models").json()["data"]] == [service.model]


def test_hostile_images_are_refused(service: Service, hostile: Hostile) -> None:
    def send(client: httpx.Client, content: bytes) -> httpx.Response:
        path = f"/v1/models/{service.model}/predict"
        return client.post(path, files={"files": ("image.png", content)})

    refuses_all(service, hostile["images"], send)


def test_a_pickle_is_refused_whatever_it_is_called(service: Service) -> None:
    _, content = next(one for one in files.arrays(1) if one[0] == "pickle")
    types = ("image/png", "application/octet-stream", "application/json", "application/x-pickle")
    paths = (f"/v1/models/{service.model}/predict", "/v1/models", "/v1/datasets", "/v1/networks")
    with httpx.Client(base_url=service.url) as client:
        answers = [
            client.post(path, content=content, headers={"Content-Type": media_type})
            for path in paths
            for media_type in types
        ]

    assert all(map(is_refused, answers)), [answer.text for answer in answers]
    assert_nothing_is_left(service)


def test_a_bomb_of_pixels_costs_no_memory(service: Service, hostile: Hostile) -> None:
    def most_memory() -> int:
        status = Path(f"/proc/{service.api()}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)

    before = most_memory()
    bombs = [content for name, content in hostile["images"] if name.startswith("image: bomb")]
    with httpx.Client(base_url=service.url, timeout=60) as client:
        path = f"/v1/models/{service.model}/predict"
        answers = [client.post(path, files={"files": ("a.png", bomb)}) for bomb in bombs]

    assert all(map(is_refused, answers))
    assert most_memory() - before < 64 * 1024


def test_of_ten_thousand_frames_the_first_is_read(service: Service, tmp_path: Path) -> None:
    digit = Image.new("L", (28, 28))
    ImageDraw.Draw(digit).line([(14, 5), (14, 22)], 255, 3)
    path = tmp_path / "frames.gif"
    others = [Image.fromarray(np.full((28, 28), i % 256, np.uint8)) for i in range(10_000)]
    digit.save(path, save_all=True, append_images=others)
    with httpx.Client(base_url=service.url, timeout=60) as client:
        answer = client.post(
            f"/v1/models/{service.model}/predict", files={"files": path.read_bytes()}
        )

    assert answer.status_code == 200, answer.text


def test_health_is_answered_while_files_are_read(service: Service, hostile: Hostile) -> None:
    bomb = dict(hostile["datasets"])["dataset: zip: many empty entries"]
    done = threading.Event()
    waits: list[float] = []

    def ask() -> None:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            while not done.is_set():
                began = time.monotonic()
                assert client.get("/healthz").status_code == 200
                waits.append(time.monotonic() - began)
                time.sleep(0.02)

    with ThreadPoolExecutor(AT_ONCE + 1) as senders:
        asking = senders.submit(ask)
        with httpx.Client(base_url=service.url, timeout=60) as client:
            answers = list(senders.map(lambda _: send_dataset(client, bomb), range(AT_ONCE)))
        done.set()
        asking.result()

    assert all(map(is_refused, answers))
    assert np.median(waits) < 0.25


def test_one_file_too_many_is_to_come_again(start_server: StartServer) -> None:
    server = start_server("--trainers", "0", ready=False, MNISTRY_MAX_IMPORTS="1")
    content = npz(arrays())
    with (
        httpx.Client(base_url=server.url, timeout=60) as client,
        ThreadPoolExecutor(8) as senders,
    ):
        answers = list(senders.map(lambda _: send_dataset(client, content), range(8)))
        busy = [answer for answer in answers if answer.status_code == 503]
        again = send_dataset(client, content)

    assert {answer.status_code for answer in answers} == {201, 503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in busy)
    assert again.status_code == 201, again.text


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"MNISTRY_MAX_IMPORT_SECONDS": "1"}, "more than 1 s"),
        ({"MNISTRY_MAX_IMPORT_MEMORY_BYTES": str(2**26)}, "bytes of memory"),
    ],
)
def test_a_file_that_takes_too_much_is_the_clients_affair(
    start_server: StartServer, limit: dict[str, str], words: str
) -> None:
    server = start_server("--trainers", "0", ready=False, **limit)
    content = _expensive()
    with httpx.Client(base_url=server.url, timeout=60) as client:
        answer = send_model(client, content) if "MEMORY" in str(limit) else send_slow(client)
        after = send_dataset(client, npz(arrays()))

    assert is_refused(answer), answer.text
    assert words in answer.json()["detail"]
    assert after.status_code == 201, after.text


def _expensive() -> bytes:
    """Weights that are more than a small process may hold."""
    return save({"1.W": np.zeros((784, 30_000), np.float32)})


def send_slow(client: httpx.Client) -> httpx.Response:
    """Photographs, of which a second is enough for a few."""
    return send_dataset(client, drawings(100))


def drawings(count: int) -> bytes:
    """A dataset of large drawings, each of which takes a while to be prepared."""
    paper = Image.new("L", (1500, 1500), 255)
    ImageDraw.Draw(paper).line([(750, 300), (750, 1200)], 0, 90)
    content = png(np.asarray(paper))
    return zipped({f"train/a/{i}.png": content for i in range(count)})


def test_a_reader_that_is_killed_is_not_the_services_end(service: Service) -> None:
    content = drawings(100)
    with (
        httpx.Client(base_url=service.url, timeout=60) as client,
        ThreadPoolExecutor(1) as sender,
    ):
        sending = sender.submit(send_dataset, client, content)
        reader = _reader_of(service)
        os.kill(reader, 9)
        answer = sending.result()
        after: dict[str, Any] = send_dataset(client, npz(arrays())).json()
        client.delete(f"/v1/datasets/{after['name']}")

    assert answer.status_code in (422, 503), answer.text
    assert after["train_samples"] == 40
    assert_nothing_is_left(service)


def _reader_of(service: Service) -> int:
    """The process that reads a file at this moment, once it has begun."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = children(service.api())
        if found:
            time.sleep(0.5)
            return next(iter(found))
        time.sleep(0.01)
    raise AssertionError("no file is being read")
