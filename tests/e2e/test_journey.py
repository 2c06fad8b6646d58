"""The main job, end to end: define, train, watch, read a digit."""

import httpx

from tests.conftest import wait_until_ended


def test_a_person_defines_a_network_trains_it_and_has_a_digit_read(client: httpx.Client) -> None:
    network = client.post(
        "/v1/networks",
        json={
            "name": "small",
            "input_shape": [1, 28, 28],
            "layers": [
                {"type": "flatten"},
                {"type": "dense", "output_dim": 32},
                {"type": "relu"},
                {"type": "dense", "output_dim": 10},
                {"type": "softmax"},
            ],
        },
    )
    assert network.status_code == 201
    assert network.json()["parameters"] == 784 * 32 + 32 + 32 * 10 + 10

    job = client.post(
        "/v1/jobs",
        json={"network_id": network.json()["id"], "epochs": 2, "seed": 7, "alias": "journey"},
    )
    assert job.status_code == 202
    ended = wait_until_ended(client, job.json()["id"])
    assert ended["status"] == "succeeded"
    assert [epoch["epoch"] for epoch in ended["history"]] == [1, 2]

    model = client.get(f"/v1/models/{ended['model_id']}").json()
    assert model["metrics"]["test_accuracy"] > 0.9
    digit = client.get("/v1/datasets/mnist/samples/0", params={"split": "test"})
    assert digit.headers["X-Label"] == "7"
    read = client.post(
        "/v1/models/journey/predict",
        content=digit.content,
        headers={"Content-Type": "image/png"},
    ).json()
    assert read["model_id"] == ended["model_id"]
    assert read["predictions"][0]["label"] == "7"
