"""Jobs: submit, wait, list, cancel, delete; and their events."""

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Server, StartServer, wait_until_ended
from tests.e2e.test_conventions import assert_problem

TINY = {"preset": "linear", "epochs": 2, "train_samples": 2000, "seed": 3}
LONG = {"preset": "mlp", "epochs": 500, "seed": 3}


@pytest.fixture(scope="module")
def ended(server: Server) -> dict[str, Any]:
    """A job that has succeeded."""
    with httpx.Client(base_url=server.url, timeout=70) as client:
        job = client.post("/v1/jobs", json={**TINY, "name": "tiny", "tags": ["t1", "t2"]})
        assert job.status_code == 202
        assert job.headers["location"] == f"/v1/jobs/{job.json()['id']}"
        return wait_until_ended(client, job.json()["id"])


def stream(
    client: httpx.Client, job_id: str, headers: dict[str, str] | None = None, **params: int
) -> Iterator[tuple[int, str, Any]]:
    """Id, name and data of a job's events, as they come."""
    path = f"/v1/jobs/{job_id}/events"
    with client.stream("GET", path, headers=headers, params=params) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            if line == "" and "event" in fields:
                yield int(fields["id"]), fields["event"], json.loads(fields["data"])
                fields = {}
            elif ": " in line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value


def test_a_job_tells_its_whole_story(client: httpx.Client, ended: dict[str, Any]) -> None:
    assert ended["status"] == "succeeded"
    assert ended["attempt"] == 1
    assert ended["config"]["epochs"] == 2
    assert ended["config"]["seed"] == 3
    assert ended["config"]["optimizer"]["type"] == "adamw"
    assert ended["config"]["batch_size"] == 128
    statuses = [entry["status"] for entry in ended["history_of_status"]]
    assert statuses == ["queued", "running", "succeeded"]
    progress = ended["progress"]
    assert (progress["epoch"], progress["fraction"]) == (2, 1.0)
    assert progress["step"] == progress["steps"] == 2 * 15
    for entry in ended["history"]:
        assert entry["gradient_norm"] > 0
        assert entry["seconds"] > 0
        assert 0 <= entry["val_accuracy"] <= 1
    assert set(ended["metrics"]) >= {"train_loss", "train_accuracy", "val_loss", "val_accuracy"}
    assert ended["best"]["epoch"] in (1, 2)
    assert ended["error"] is None
    receipt = ended["receipt"]
    assert receipt["seed"] == 3
    model = client.get(f"/v1/models/{ended['model_id']}").json()
    assert receipt["weights_sha256"] == model["sha256"]
    assert receipt["dataset_sha256"] == client.get("/v1/datasets/mnist").json()["sha256"]


def test_the_same_seed_leaves_the_same_weights(client: httpx.Client, ended: dict[str, Any]) -> None:
    again = wait_until_ended(client, client.post("/v1/jobs", json=TINY).json()["id"])

    assert again["receipt"]["weights_sha256"] == ended["receipt"]["weights_sha256"]


def test_checking_a_job_stores_nothing(client: httpx.Client) -> None:
    before = client.get("/v1/jobs", params={"limit": 1}).json()

    response = client.post("/v1/jobs", json={"preset": "cnn", "validate_only": True})

    assert response.status_code == 200
    assert response.json()["estimate"]["seconds"] > 0
    assert client.get("/v1/jobs", params={"limit": 1}).json() == before


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, []),
        ({"preset": "mlp", "network_id": "net_x"}, []),
        ({"network_id": "net_x"}, ["network_id"]),
        ({"preset": "mlpp"}, ["preset"]),
        ({"preset": "mlp", "dataset": "cifar"}, ["dataset"]),
        ({"preset": "mlp", "epochs": 0}, ["epochs"]),
        ({"preset": "mlp", "epochs": "3"}, ["epochs"]),
        ({"preset": "mlp", "batch_size": 0}, ["batch_size"]),
        ({"preset": "mlp", "optimizer": {"type": "adm"}}, ["optimizer", "type"]),
        (
            {"preset": "mlp", "optimizer": {"type": "adam", "learning_rate": -1}},
            ["optimizer", "learning_rate"],
        ),
        ({"preset": "mlp", "validation_split": 1}, ["validation_split"]),
        ({"preset": "mlp", "train_samples": 60_001}, ["train_samples"]),
        ({"preset": "mlp", "alias": "latest"}, ["alias"]),
        ({"preset": "mlp", "alias": "No"}, ["alias"]),
        ({"preset": "mlp", "tags": [""]}, ["tags", 0]),
        (
            {
                "network": {
                    "input_shape": [5],
                    "layers": [{"type": "dense", "output_dim": 10}, {"type": "softmax"}],
                }
            },
            ["network"],
        ),
        (
            {"network": {"input_shape": [1, 28, 28], "layers": [{"type": "rel"}]}},
            ["network", "layers", 0, "type"],
        ),
        (
            {
                "network": {
                    "input_shape": [1, 28, 28],
                    "layers": [{"type": "dense", "output_dim": 10}],
                }
            },
            ["network", "layers", 0],
        ),
        (
            {
                "network": {
                    "input_shape": [1, 28, 28],
                    "layers": [{"type": "flatten"}, {"type": "dense", "output_dim": 10}],
                }
            },
            ["network"],
        ),
    ],
)
def test_a_job_that_cannot_be_is_refused_where_it_is_wrong(
    client: httpx.Client, body: dict[str, Any], loc: list[Any]
) -> None:
    problem = assert_problem(client.post("/v1/jobs", json=body), 422)

    assert problem["errors"][0]["loc"] == loc


def test_lists_are_filtered(client: httpx.Client, ended: dict[str, Any]) -> None:
    by_tag = client.get("/v1/jobs", params={"tag": "t1"}).json()["data"]
    by_both = client.get("/v1/jobs", params={"tag": "t1", "status": "failed"}).json()["data"]

    assert [job["id"] for job in by_tag] == [ended["id"]]
    assert by_tag[0]["tags"] == ["t1", "t2"]
    assert by_both == []


def test_waiting_returns_when_something_has_changed(client: httpx.Client) -> None:
    job = client.post("/v1/jobs", json=TINY).json()

    began = time.monotonic()
    changed = client.get(f"/v1/jobs/{job['id']}", params={"wait": 30}).json()

    assert time.monotonic() - began < 20
    assert changed["status"] != "queued" or changed["history"]
    wait_until_ended(client, job["id"])
    began = time.monotonic()
    client.get(f"/v1/jobs/{job['id']}", params={"wait": 30})
    assert time.monotonic() - began < 2
    assert_problem(client.get(f"/v1/jobs/{job['id']}", params={"wait": 61}), 422)


def test_a_job_is_cancelled_within_two_seconds(client: httpx.Client) -> None:
    running = client.post("/v1/jobs", json=LONG).json()
    waiting = client.post("/v1/jobs", json=LONG).json()
    while client.get(f"/v1/jobs/{running['id']}").json()["progress"] is None:
        time.sleep(0.05)
    assert client.get(f"/v1/jobs/{waiting['id']}").json()["queue_position"] >= 1
    assert_problem(client.delete(f"/v1/jobs/{running['id']}"), 409)

    began = time.monotonic()
    for job in (waiting, running):
        response = client.post(f"/v1/jobs/{job['id']}/cancel")
        assert response.status_code == 202
        assert response.json()["status"] == "cancelled"
    after = client.post("/v1/jobs", json=TINY).json()
    while client.get(f"/v1/jobs/{after['id']}").json()["status"] == "queued":
        time.sleep(0.02)

    # The trainer is free for the next: the process of the one before has ended.
    assert time.monotonic() - began < 4
    assert client.post(f"/v1/jobs/{running['id']}/cancel").status_code == 202
    cancelled = client.get(f"/v1/jobs/{running['id']}").json()
    assert cancelled["model_id"] is None
    assert cancelled["finished_at"] is not None
    wait_until_ended(client, after["id"])
    assert client.delete(f"/v1/jobs/{running['id']}").status_code == 204
    assert_problem(client.get(f"/v1/jobs/{running['id']}"), 404)


QUICK = {"preset": "linear", "epochs": 10_000, "train_samples": 100, "augmentation": None}
"""A job whose epochs take less than a millisecond each."""


def test_epochs_of_less_than_a_millisecond_are_all_kept_and_hold_nobody_up(
    client: httpx.Client,
) -> None:
    job = client.post("/v1/jobs", json=QUICK).json()
    while job["finished_at"] is None:
        began = time.monotonic()
        job = client.get(f"/v1/jobs/{job['id']}").json()
        assert time.monotonic() - began < 2
        time.sleep(0.1)

    assert [entry["epoch"] for entry in job["history"]] == list(range(1, 10_001))
    with client.stream("GET", f"/v1/jobs/{job['id']}/events?after=0") as answer:
        epochs = sum(line == "event: epoch" for line in answer.iter_lines())
    assert epochs == 10_000


def test_a_job_whose_epochs_take_milliseconds_is_cancelled_as_quickly(
    client: httpx.Client,
) -> None:
    for _ in range(3):
        job = client.post("/v1/jobs", json=QUICK).json()
        while len(client.get(f"/v1/jobs/{job['id']}").json()["history"]) < 10:
            time.sleep(0.02)
        began = time.monotonic()
        assert client.post(f"/v1/jobs/{job['id']}/cancel").status_code == 202
        assert time.monotonic() - began < 2


def test_a_job_that_has_ended_cannot_be_cancelled(
    client: httpx.Client, ended: dict[str, Any]
) -> None:
    problem = assert_problem(client.post(f"/v1/jobs/{ended['id']}/cancel"), 409)

    assert problem["allowed_from"] == ["queued", "running", "paused"]


def test_deleting_a_job_keeps_its_model(client: httpx.Client) -> None:
    job = wait_until_ended(client, client.post("/v1/jobs", json=TINY).json()["id"])

    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204

    model = client.get(f"/v1/models/{job['model_id']}").json()
    assert model["job_id"] is None


def test_a_job_that_diverges_suggests_one_that_works(client: httpx.Client) -> None:
    body = {
        "preset": "mlp",
        "epochs": 20,
        "train_samples": 5000,
        "seed": 1,
        "optimizer": {"type": "sgd", "learning_rate": 100.0, "momentum": 0.9},
        "schedule": {"type": "constant"},
        "augmentation": None,
    }
    job = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])

    assert job["status"] == "failed"
    error = job["error"]
    assert error["code"] == "diverged"
    assert error["title"]
    for word in ("epoch", "step", "layer", "learning rate"):
        assert word in error["detail"]
    response = client.post("/v1/jobs", json=error["suggestion"])
    assert response.status_code == 202
    better = wait_until_ended(client, response.json()["id"])
    assert better["status"] == "succeeded"
    assert better["metrics"]["val_accuracy"] > 0.8


def test_early_stopping_and_a_time_limit_end_a_job_that_succeeds(client: httpx.Client) -> None:
    patient = {**TINY, "epochs": 300, "early_stopping": {"patience": 2}}
    hurried = {**LONG, "max_seconds": 1.0}

    first = client.post("/v1/jobs", json=patient).json()
    second = client.post("/v1/jobs", json=hurried).json()

    first = wait_until_ended(client, first["id"])
    assert (first["status"], first["stopped_by"]) == ("succeeded", "early_stopping")
    assert len(first["history"]) == first["best"]["epoch"] + 2
    second = wait_until_ended(client, second["id"])
    assert (second["status"], second["stopped_by"]) == ("succeeded", "max_seconds")
    assert second["model_id"] is not None


def test_when_time_is_up_early_stopping_leaves_the_best_weights(client: httpx.Client) -> None:
    watched = {
        **TINY,
        "epochs": 5000,
        "seed": 3,
        "schedule": {"type": "constant"},
        "early_stopping": {"patience": 1000},
    }
    hurried = client.post("/v1/jobs", json={**watched, "max_seconds": 1.0}).json()
    hurried = wait_until_ended(client, hurried["id"])
    best = hurried["best"]["epoch"]
    assert hurried["stopped_by"] == "max_seconds"
    assert best < len(hurried["history"])

    whole = {**watched, "epochs": best, "early_stopping": None}
    expected = wait_until_ended(client, client.post("/v1/jobs", json=whole).json()["id"])

    assert hurried["receipt"]["weights_sha256"] == expected["receipt"]["weights_sha256"]


def test_a_stream_begins_with_a_snapshot_and_ends_with_the_end(client: httpx.Client) -> None:
    job = client.post("/v1/jobs", json={**TINY, "epochs": 5}).json()

    events = list(stream(client, job["id"]))

    names = [name for _, name, _ in events]
    assert names[0] == "snapshot"
    assert events[0][2]["id"] == job["id"]
    assert names[-1] == "end"
    assert names.count("epoch") + len(events[0][2]["history"]) == 5
    ids = [number for number, _, _ in events]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert events[-1][2]["status"] == "succeeded"
    assert events[-1][2]["model_id"]


def test_events_are_resumed_without_loss_or_repetition(
    client: httpx.Client, ended: dict[str, Any]
) -> None:
    everything = list(stream(client, ended["id"], after=0))
    assert [number for number, _, _ in everything] == list(range(1, len(everything) + 1))

    rest = list(stream(client, ended["id"], {"Last-Event-ID": "2"}))
    assert rest == everything[2:]
    last = everything[-1][0]
    over = client.get(f"/v1/jobs/{ended['id']}/events", headers={"Last-Event-ID": str(last)})
    assert over.status_code == 204
    assert [name for _, name, _ in stream(client, ended["id"])] == ["snapshot", "end"]


def test_events_are_a_list_for_those_who_ask_for_json(
    client: httpx.Client, ended: dict[str, Any]
) -> None:
    path = f"/v1/jobs/{ended['id']}/events"
    accept = {"Accept": "application/json"}

    first = client.get(path, headers=accept, params={"limit": 3}).json()
    rest = client.get(path, headers=accept, params={"after": first["next_after"]}).json()

    numbers = [event["id"] for event in first["data"] + rest["data"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(first["data"][0]) == {"id", "event", "at", "data"}
    assert rest["data"][-1]["event"] == "end"
    assert client.get(path, headers=accept, params={"after": rest["next_after"]}).json() == {
        "data": [],
        "next_after": rest["next_after"],
    }


@pytest.mark.parametrize("after", ["-1", "x", "1.5"])
def test_an_event_id_that_makes_no_sense_is_refused(
    client: httpx.Client, ended: dict[str, Any], after: str
) -> None:
    path = f"/v1/jobs/{ended['id']}/events"

    assert_problem(client.get(path, params={"after": after}), 422)
    assert_problem(client.get(path, headers={"Last-Event-ID": after}), 422)


def test_a_quiet_stream_is_kept_alive_for_a_client_with_default_timeouts(
    start_server: StartServer,
) -> None:
    server = start_server("--trainers", "0", ready=False)
    with httpx.Client(base_url=server.url) as client:
        job = client.post("/v1/jobs", json=TINY).json()
        heard: list[float] = []
        with client.stream("GET", f"/v1/jobs/{job['id']}/events") as response:
            for _ in response.iter_raw():
                heard.append(time.monotonic())
                if heard[-1] - heard[0] > 7:
                    break

    gaps = [later - earlier for earlier, later in itertools.pairwise(heard)]
    assert max(gaps) < 3


def test_streams_are_limited_for_one_client(start_server: StartServer) -> None:
    server = start_server("--trainers", "0", ready=False)
    with httpx.Client(base_url=server.url) as client:
        job = client.post("/v1/jobs", json=TINY).json()
        path = f"/v1/jobs/{job['id']}/events"
        open_streams = [client.stream("GET", path) for _ in range(8)]
        for one in open_streams:
            assert one.__enter__().status_code == 200

        refused = client.get(path)
        for one in open_streams:
            one.__exit__(None, None, None)

        assert_problem(refused, 429)
        assert int(refused.headers["retry-after"]) > 0
        for _ in range(100):
            with client.stream("GET", path) as again:
                if again.status_code == 200:
                    return
            time.sleep(0.05)
    pytest.fail("streams that were closed still count")


ELABORATE = {
    "optimizer": {"type": "rmsprop", "learning_rate": 0.002, "clip_norm": 5.0},
    "schedule": {"type": "one_cycle", "warmup_epochs": 0.2},
    "loss": {"type": "cross_entropy", "label_smoothing": 0.1},
    "augmentation": {"rotate": 10, "translate": 2, "noise": 0.05, "cutout": 4},
    "ema": 0.9,
    "early_stopping": {"patience": 1},
}


def test_a_job_takes_every_choice_of_a_recipe(client: httpx.Client) -> None:
    layers = [
        {"type": "conv2d", "output_channels": 4, "kernel_size": 3, "stride": 2},
        {"type": "batch_norm"},
        {"type": "silu"},
        {"type": "dropout", "rate": 0.2},
        {"type": "flatten"},
        {"type": "dense", "output_dim": 10},
        {"type": "softmax"},
    ]
    network = {"input_shape": [1, 28, 28], "layers": layers}
    body = {"network": network, "epochs": 3, "train_samples": 2000, "seed": 5, **ELABORATE}
    job = client.post("/v1/jobs", json=body)
    assert job.status_code == 202, job.text

    ended = wait_until_ended(client, job.json()["id"])

    assert ended["status"] == "succeeded", ended["error"]
    for field, value in ELABORATE.items():
        if not isinstance(value, dict):
            assert ended["config"][field] == value
            continue
        for name, chosen in value.items():
            assert ended["config"][field][name] == chosen
    again = wait_until_ended(client, client.post("/v1/jobs", json=body).json()["id"])
    assert again["receipt"]["weights_sha256"] == ended["receipt"]["weights_sha256"]


def test_augmentation_is_the_presets_unless_it_is_switched_off(client: httpx.Client) -> None:
    plan = {"preset": "mlp", "validate_only": True}

    absent = client.post("/v1/jobs", json=plan).json()["config"]["augmentation"]
    off = client.post("/v1/jobs", json={**plan, "augmentation": None}).json()["config"]
    own = client.post("/v1/jobs", json={**plan, "augmentation": {"shear": 3}}).json()["config"]

    assert absent["rotate"] > 0
    assert off["augmentation"] is None
    assert own["augmentation"]["shear"] == 3
    assert own["augmentation"]["rotate"] == 0


@pytest.mark.parametrize(
    ("choice", "loc", "words"),
    [
        ({"augmentation": {"rotate": -1}}, ["augmentation", "rotate"], "greater than or equal"),
        ({"augmentation": {"rotat": 5}}, ["augmentation", "rotat"], "'rotate'"),
        ({"ema": 1.0}, ["ema"], "less than 1"),
        ({"schedule": {"type": "step", "factor": 0}}, ["schedule", "factor"], "greater than 0"),
        ({"optimizer": {"type": "adagrad", "epsilon": 0}}, ["optimizer", "epsilon"], "greater"),
        ({"optimizer": {"type": "sgd", "nesterov": True}}, ["optimizer"], "momentum"),
        ({"optimizer": {"type": "adamw2"}}, ["optimizer", "type"], "'adamw'"),
    ],
)
def test_a_choice_outside_its_range_is_named(
    client: httpx.Client, choice: dict[str, Any], loc: list[str], words: str
) -> None:
    response = client.post("/v1/jobs", json={"preset": "linear", **choice})

    (error,) = assert_problem(response, 422)["errors"]
    assert error["loc"] == loc
    assert words in error["msg"]
