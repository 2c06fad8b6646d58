"""Many machines: PostgreSQL, object storage, two APIs and two trainers, each a process."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.store.database import Database
from tests.cluster import Cluster
from tests.conftest import wait_until_ended
from tests.dataset_files import arrays, npz, png
from tests.e2e.test_datasets import uploaded
from tests.e2e.test_samples import add, digit
from tests.object_storage import S3
from tests.postgresql import PostgreSQL
from tests.processes import children

LONG = {"preset": "mlp", "epochs": 25, "train_samples": 20_000, "seed": 11}
TINY = {"preset": "linear", "epochs": 1, "train_samples": 500, "seed": 1}


@pytest.fixture(scope="module")
def module_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def own_postgresql(module_dir: Path) -> Iterator[PostgreSQL]:
    server = PostgreSQL(module_dir / "postgresql")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cluster(module_dir: Path, own_postgresql: PostgreSQL, s3: S3) -> Iterator[Cluster]:
    places = {
        "MNISTRY_DATABASE_URL": own_postgresql.new_database(),
        "MNISTRY_ARTIFACTS_URL": f"s3://{s3.new_bucket()}/artifacts",
    }
    cluster = Cluster(module_dir, {**places, **s3.environment})
    cluster.api("api-a")
    cluster.api("api-b")
    cluster.trainer("trainer-a")
    cluster.trainer("trainer-b")
    cluster.wait_until_ready()
    yield cluster
    cluster.stop()


@pytest.fixture
def clients(cluster: Cluster) -> Iterator[list[httpx.Client]]:
    """A client of each API."""
    urls = [cluster.parts[name].url for name in ("api-a", "api-b")]
    clients = [httpx.Client(base_url=url, timeout=70) for url in urls]
    yield clients
    for client in clients:
        client.close()


@pytest.fixture(scope="module")
def undisturbed(cluster: Cluster) -> str:
    """The weights of the long job in peace."""
    with httpx.Client(base_url=cluster.parts["api-a"].url, timeout=70) as client:
        job = wait_until_ended(client, client.post("/v1/jobs", json=LONG).json()["id"])
    return str(job["receipt"]["weights_sha256"])


@pytest.fixture(autouse=True)
def sound(cluster: Cluster) -> Iterator[None]:
    """After each test everything fits together."""
    yield
    result = cluster.run("fsck")
    assert result.returncode == 0, result.stdout


def in_the_middle(client: httpx.Client) -> str:
    """A long job that has been checkpointed."""
    job_id = str(client.post("/v1/jobs", json=LONG).json()["id"])
    for _ in range(1200):
        if len(client.get(f"/v1/jobs/{job_id}").json()["history"]) >= 3:
            return job_id
        time.sleep(0.02)
    raise AssertionError("the job does not get on")


def trainer_of(cluster: Cluster, job_id: str) -> str:
    """The trainer that has a job: the one with a training process, as no other job runs."""
    for name, part in cluster.parts.items():
        if not part.url and children(part.pid):
            return name
    raise AssertionError(f"no trainer has job {job_id}")


def test_what_one_api_stores_the_other_shows(clients: list[httpx.Client]) -> None:
    a, b = clients
    network = a.post("/v1/networks", json={"preset": "linear"}).json()
    job = b.post("/v1/jobs", json={"network_id": network["id"], "epochs": 1, "train_samples": 500})

    ended = wait_until_ended(a, job.json()["id"])

    assert ended["status"] == "succeeded", ended["error"]
    png = a.get("/v1/datasets/mnist/samples/0").content
    answers = [
        client.post(f"/v1/models/{ended['model_id']}/predict", files={"files": png}).json()
        for client in clients
    ]
    assert answers[0]["predictions"] == answers[1]["predictions"]


def test_one_key_makes_one_job_however_many_ask_at_once_on_both(
    clients: list[httpx.Client],
) -> None:
    headers = {"Idempotency-Key": "the same for all"}

    def post(i: int) -> httpx.Response:
        return clients[i % 2].post("/v1/jobs", json=TINY, headers=headers)

    with ThreadPoolExecutor(64) as pool:
        responses = list(pool.map(post, range(64)))

    assert {response.status_code for response in responses} == {202}
    assert len({response.json()["id"] for response in responses}) == 1


def test_samples_that_two_apis_add_at_once_are_all_learnt(clients: list[httpx.Client]) -> None:
    name = uploaded(clients[0], npz(arrays()))["name"]

    def post(i: int) -> httpx.Response:
        return add(clients[i % 2], name, png(digit(i)), label="7")

    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(post, range(40)))

    assert [response.status_code for response in responses] == [201] * 40
    assert sorted(one.json()["index"] for one in responses) == list(range(40, 80))
    dataset = clients[1].get(f"/v1/datasets/{name}").json()
    assert (dataset["train_samples"], dataset["version"]) == (80, 41)
    job = clients[0].post("/v1/jobs", json={"preset": "linear", "dataset": name}).json()
    ended = wait_until_ended(clients[1], job["id"])
    assert ended["status"] == "succeeded", ended["error"]
    assert ended["receipt"]["dataset_sha256"] == dataset["sha256"]


def test_a_dataset_is_not_deleted_under_a_job_that_was_acknowledged(
    clients: list[httpx.Client],
) -> None:
    for attempt in range(5):
        name = uploaded(clients[0], npz(arrays()))["name"]

        def ask(i: int, name: str = name) -> httpx.Response:
            if i % 4 == 3:
                return clients[i % 2].delete(f"/v1/datasets/{name}")
            body = {"preset": "linear", "dataset": name, "epochs": 1, "seed": i}
            return clients[i % 2].post("/v1/jobs", json=body)

        with ThreadPoolExecutor(16) as pool:
            order = [3, *range(3), *range(4, 16)] if attempt % 2 else list(range(16))
            responses = list(pool.map(ask, order))

        assert {one.status_code for one in responses} <= {202, 204, 404, 409, 422}
        for one in responses:
            if one.status_code == 202:
                job = wait_until_ended(clients[0], one.json()["id"])
                assert job["status"] == "succeeded", job["error"]


def test_a_moved_alias_is_seen_everywhere_within_a_second(clients: list[httpx.Client]) -> None:
    a, b = clients
    models = [
        wait_until_ended(a, a.post("/v1/jobs", json={**TINY, "seed": seed}).json()["id"])
        for seed in (1, 2)
    ]
    png = a.get("/v1/datasets/mnist/samples/0").content

    for model in [one["model_id"] for one in models] * 3:
        a.put("/v1/aliases/served", json={"model_id": model}).raise_for_status()
        moved = time.monotonic()
        while True:
            answer = b.post("/v1/models/served/predict", files={"files": png})
            if answer.status_code == 200 and answer.json()["model_id"] == model:
                break
            assert time.monotonic() - moved < 1.0


def test_one_alias_moved_on_both_at_once_forgets_no_move(clients: list[httpx.Client]) -> None:
    a = clients[0]
    models = [
        wait_until_ended(a, a.post("/v1/jobs", json={**TINY, "seed": seed}).json()["id"])
        for seed in (1, 2)
    ]

    def move(i: int) -> int:
        body = {"model_id": models[i % 2]["model_id"]}
        return clients[i % 2].put("/v1/aliases/contested", json=body).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = set(pool.map(move, range(40)))

    assert statuses == {200}
    past = a.get("/v1/aliases/contested").json()["past"]
    assert all(newer["from"] == older["until"] for newer, older in pairwise(past))


def test_events_go_on_at_the_other_api_with_nothing_lost_or_repeated(
    clients: list[httpx.Client],
) -> None:
    job_id = clients[0].post("/v1/jobs", json={**TINY, "epochs": 6}).json()["id"]
    seen: list[int] = []
    turn = 0
    ended = False
    while not ended:
        client = clients[turn % 2]
        turn += 1
        headers = {"Last-Event-ID": str(seen[-1])} if seen else {}
        params = {} if seen else {"after": 0}
        with client.stream(
            "GET", f"/v1/jobs/{job_id}/events", params=params, headers=headers
        ) as stream:
            for line in stream.iter_lines():
                if line.startswith("id: "):
                    seen.append(int(line.removeprefix("id: ")))
                ended = ended or line == "event: end"
                if len(seen) >= 3 * turn and line == "" and not ended:
                    break
    clients[1].get(f"/v1/jobs/{job_id}").raise_for_status()

    assert turn > 2
    assert seen == list(range(1, len(seen) + 1))


def test_a_killed_trainers_job_is_taken_over_within_two_seconds(
    cluster: Cluster, clients: list[httpx.Client], undisturbed: str
) -> None:
    job_id = in_the_middle(clients[0])
    victim = cluster.parts[trainer_of(cluster, job_id)]
    victim.kill()
    killed = time.monotonic()
    while clients[0].get(f"/v1/jobs/{job_id}").json()["attempt"] == 1:
        assert time.monotonic() - killed < 3.5  # noticed, and a second for what it starts
        time.sleep(0.05)

    job = wait_until_ended(clients[1], job_id)
    victim.start()

    assert job["status"] == "succeeded", job["error"]
    assert job["receipt"]["weights_sha256"] == undisturbed


def test_a_trainer_that_hung_and_comes_back_changes_nothing(
    cluster: Cluster, clients: list[httpx.Client], undisturbed: str
) -> None:
    job_id = in_the_middle(clients[0])
    zombie = cluster.parts[trainer_of(cluster, job_id)]

    os.kill(zombie.pid, signal.SIGSTOP)
    stopped = time.monotonic()
    while clients[0].get(f"/v1/jobs/{job_id}").json()["attempt"] == 1:
        assert time.monotonic() - stopped < 35
        time.sleep(0.2)
    time.sleep(0.5)
    os.kill(zombie.pid, signal.SIGCONT)

    job = wait_until_ended(clients[1], job_id)
    assert job["status"] == "succeeded", job["error"]
    assert job["attempt"] == 2
    assert job["receipt"]["weights_sha256"] == undisturbed
    events = (
        clients[0]
        .get(f"/v1/jobs/{job_id}/events", headers={"Accept": "application/json"})
        .json()["data"]
    )
    assert [e["data"]["epoch"] for e in events if e["event"] == "epoch"] == list(range(1, 26))
    assert [e["event"] for e in events].count("end") == 1
    # The one that came back takes jobs again.
    cluster.parts["trainer-a" if zombie is cluster.parts["trainer-b"] else "trainer-b"].stop()
    after = wait_until_ended(clients[0], clients[0].post("/v1/jobs", json=TINY).json()["id"])
    assert after["status"] == "succeeded"
    for part in cluster.parts.values():
        if part.process.poll() is not None:
            part.start()


def test_a_second_trainer_of_a_name_is_refused(cluster: Cluster) -> None:
    result = cluster.run("trainer", "--name", "trainer-a")

    assert result.returncode == 2
    assert "choose a --name" in result.stderr.splitlines()[-1]


def test_jobs_and_clients_survive_a_database_that_crashes(
    cluster: Cluster,
    clients: list[httpx.Client],
    own_postgresql: PostgreSQL,
    undisturbed: str,
) -> None:
    statuses: set[int] = set()
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=cluster.parts["api-b"].url, timeout=70) as client:
            while not over.is_set():
                response = client.get("/v1/jobs")
                statuses.add(response.status_code)
                if response.status_code == 503:
                    assert response.headers["Retry-After"]
                    assert response.json()["type"] == "/problems/unavailable"

    job_id = in_the_middle(clients[0])
    thread = threading.Thread(target=ask)
    thread.start()
    for away in (0.0, 4.0):
        own_postgresql.crash()
        time.sleep(away)
        if away:
            assert clients[0].get("/v1/jobs").status_code == 503
            assert clients[0].get("/healthz").status_code == 200
            assert clients[0].get("/readyz").status_code == 503
        own_postgresql.start()
        time.sleep(1.0)
    over.set()
    thread.join()
    cluster.wait_until_ready()

    job = wait_until_ended(clients[0], job_id)

    assert statuses <= {200, 503}
    assert job["status"] == "succeeded", job["error"]
    assert job["receipt"]["weights_sha256"] == undisturbed


def test_predicting_goes_on_while_the_database_is_away(
    cluster: Cluster, clients: list[httpx.Client], own_postgresql: PostgreSQL
) -> None:
    a = clients[0]
    ended = wait_until_ended(a, a.post("/v1/jobs", json=TINY).json()["id"])
    png = a.get("/v1/datasets/mnist/samples/0").content
    url = f"/v1/models/{ended['model_id']}/predict"
    assert a.post(url, files={"files": png}).status_code == 200

    own_postgresql.stop()
    try:
        assert a.post(url, files={"files": png}).status_code == 200
        assert a.post("/v1/predict", files={"files": png}).status_code == 200
    finally:
        own_postgresql.start()
    cluster.wait_until_ready()


def test_streams_end_soon_after_sigterm_and_go_on_elsewhere(
    cluster: Cluster, clients: list[httpx.Client]
) -> None:
    job_id = in_the_middle(clients[0])
    api = cluster.parts["api-a"]
    seen = 0
    with clients[0].stream("GET", f"/v1/jobs/{job_id}/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        api.process.terminate()
        told = time.monotonic()
        for line in lines:
            if line.startswith("id: "):
                seen = int(line.removeprefix("id: "))
        assert time.monotonic() - told < 5
    assert api.stop() == 0
    params: dict[str, Any] = {"after": seen}
    with clients[1].stream("GET", f"/v1/jobs/{job_id}/events", params=params) as stream:
        ids = [int(line[4:]) for line in stream.iter_lines() if line.startswith("id: ")]
    api.start()
    cluster.wait_until_ready()

    assert ids == list(range(seen + 1, ids[-1] + 1))
    accept = {"Accept": "application/json"}
    events = clients[1].get(f"/v1/jobs/{job_id}/events", headers=accept, params=params).json()
    assert json.dumps(events["data"][-1]["data"])


def test_an_open_stream_outlives_the_database(
    cluster: Cluster, clients: list[httpx.Client], own_postgresql: PostgreSQL
) -> None:
    job_id = in_the_middle(clients[0])
    with clients[0].stream("GET", f"/v1/jobs/{job_id}/events", timeout=5) as stream:
        lines = stream.iter_lines()
        for line in lines:
            if line.startswith("id: "):
                break
        ids = [int(line[4:])]
        own_postgresql.crash()
        while next(lines) != ": the database is away":
            pass
        time.sleep(2)
        own_postgresql.start()
        ids += [int(line[4:]) for line in lines if line.startswith("id: ")]
    cluster.wait_until_ready()

    assert ids == list(range(ids[0], ids[-1] + 1))
    assert clients[1].get(f"/v1/jobs/{job_id}").json()["status"] == "succeeded"


def test_a_part_that_starts_before_its_database_waits_for_it(
    cluster: Cluster, own_postgresql: PostgreSQL
) -> None:
    own_postgresql.stop()
    late = cluster.api("api-late")
    time.sleep(3)
    assert late.process.poll() is None
    own_postgresql.start()

    cluster.wait_until_ready()
    assert late.stop() == 0
    del cluster.parts["api-late"]


@pytest.mark.parametrize(
    "path",
    ["/v1/jobs/%00", "/v1/models/%00", "/v1/jobs?tag=%00", "/v1/networks/a%00b", "/v1/sweeps/%00"],
)
def test_text_that_postgresql_cannot_hold_is_the_clients_mistake(
    clients: list[httpx.Client], path: str
) -> None:
    response = clients[0].get(path)

    assert response.status_code in (404, 422)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_an_event_id_may_be_as_large_as_is_taken(clients: list[httpx.Client]) -> None:
    job_id = clients[0].post("/v1/jobs", json=TINY).json()["id"]
    wait_until_ended(clients[0], job_id)
    url = f"/v1/jobs/{job_id}/events"

    assert clients[0].get(url, params={"after": 2**31 - 1}).status_code == 204
    assert clients[0].get(url, headers={"Last-Event-ID": "9" * 19}).status_code == 204
    assert clients[0].get(url, params={"after": 2**31}).status_code == 422


def test_a_sweep_is_cancelled_while_its_trials_end(clients: list[httpx.Client]) -> None:
    a, b = clients
    grid = {"seed": [1, 2, 3, 4]}
    sweep = a.post("/v1/sweeps", json={"base": TINY, "grid": grid}).raise_for_status().json()["id"]
    wait_until_ended(b, b.get(f"/v1/sweeps/{sweep}").json()["trials"][-1]["job_id"])

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda i: clients[i % 2].post(f"/v1/sweeps/{sweep}/cancel"), range(8))
        )

    assert {answer.status_code for answer in answers} == {202}
    statuses = {trial["status"] for trial in a.get(f"/v1/sweeps/{sweep}").json()["trials"]}
    assert statuses <= {"succeeded", "cancelled"}


def test_a_backup_without_the_storage_of_its_blobs_is_refused(
    cluster: Cluster, clients: list[httpx.Client], tmp_path: Path
) -> None:
    wait_until_ended(clients[0], clients[0].post("/v1/jobs", json=TINY).json()["id"])
    forgetful = Cluster(tmp_path, dict(cluster.environment))
    del forgetful.environment["MNISTRY_ARTIFACTS_URL"]

    refused = forgetful.run("backup", str(tmp_path / "backup"))

    assert refused.returncode == 1
    assert "none is configured" in refused.stderr
    assert not (tmp_path / "backup").exists()


def test_what_only_looks_changes_no_schema(postgresql: PostgreSQL, tmp_path: Path) -> None:
    url = postgresql.new_database()
    empty = Cluster(tmp_path, {"MNISTRY_DATABASE_URL": url})

    refused = empty.run("fsck")

    assert refused.returncode == 2
    assert "another version" in refused.stderr
    database = Database(url)
    with database.reading() as connection:
        assert connection.dialect.has_table(connection, "jobs") is False
    database.close()
