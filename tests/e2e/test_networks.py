"""Networks and the catalog."""

from typing import Any

import httpx
import pytest

from tests.conftest import wait_until_ended
from tests.e2e.test_conventions import LINEAR, assert_problem

SMALL_CNN = {
    "name": "small-cnn",
    "input_shape": [1, 28, 28],
    "layers": [
        {
            "type": "conv2d",
            "output_channels": 8,
            "kernel_size": 3,
            "padding": "same",
            "stride": 1,
        },
        {"type": "relu"},
        {"type": "max_pool2d", "kernel_size": 2},
        {"type": "flatten"},
        {"type": "dense", "output_dim": 10},
        {"type": "softmax"},
    ],
}

OUTPUT_DIM = ["layers", 0, "output_dim"]


def test_a_definition_is_answered_with_all_that_is_inferred(client: httpx.Client) -> None:
    response = client.post("/v1/networks", json=SMALL_CNN)

    assert response.status_code == 201
    network = response.json()
    assert response.headers["location"] == f"/v1/networks/{network['id']}"
    assert network["id"].startswith("net_")
    assert network["created_at"].endswith("Z")
    assert network["output_shape"] == [10]
    assert network["parameters"] == 80 + 8 * 14 * 14 * 10 + 10
    assert network["macs"] == 9 * 8 * 28 * 28 + 1568 * 10
    assert network["estimate"]["memory_bytes"] > 0
    assert network["estimate"]["seconds_per_epoch"] > 0
    shapes = [layer["output_shape"] for layer in network["summary"]]
    assert shapes == [[8, 28, 28], [8, 28, 28], [8, 14, 14], [1568], [10], [10]]
    assert client.get(response.headers["location"]).json() == network


def test_a_preset_is_a_definition(client: httpx.Client) -> None:
    network = client.post("/v1/networks", json={"preset": "lenet5", "name": "mine"}).json()

    assert (network["name"], network["preset"], network["parameters"]) == ("mine", "lenet5", 61706)


def test_validating_answers_the_same_and_stores_nothing(client: httpx.Client) -> None:
    before = client.get("/v1/networks", params={"limit": 1}).json()["data"]

    validated = client.post("/v1/networks/validate", json=SMALL_CNN)

    assert validated.status_code == 200
    assert client.get("/v1/networks", params={"limit": 1}).json()["data"] == before
    stored = client.post("/v1/networks", json=SMALL_CNN).json()
    for name in ("summary", "parameters", "macs", "output_shape", "layers"):
        assert validated.json()[name] == stored[name]


@pytest.mark.parametrize(
    ("layers", "loc", "words"),
    [
        ([{"type": "dense", "output_dim": 10}], ["layers", 0], "flatten"),
        (
            [{"type": "conv2d", "output_channels": 1, "kernel_size": 30}],
            ["layers", 0],
            "28×28",
        ),
        ([{"type": "dense"}], ["layers", 0, "output_dim"], "missing"),
        ([{"type": "dense", "output_dim": 0}], ["layers", 0, "output_dim"], "got 0"),
        ([{"type": "dense", "output_dim": 1.5}], ["layers", 0, "output_dim"], "1.5"),
        ([{"type": "dense", "output_dim": True}], ["layers", 0, "output_dim"], "integer"),
        ([{"type": "relu", "alpha": 1}], ["layers", 0, "alpha"], "unknown field"),
        ([{"output_dim": 10}], ["layers", 0, "type"], "missing"),
        ([], ["layers"], "at least 1"),
        (
            [{"type": "flatten"}, {"type": "dense", "output_dim": 1_000_000}],
            ["layers", 1],
            "20,000,000",
        ),
    ],
)
def test_what_is_wrong_is_reported_where_it_stands(
    client: httpx.Client, layers: list[Any], loc: list[Any], words: str
) -> None:
    for path in ("/v1/networks", "/v1/networks/validate"):
        response = client.post(path, json={"input_shape": [1, 28, 28], "layers": layers})

        errors = assert_problem(response, 422)["errors"]
        assert errors[0]["loc"] == loc
        assert words in errors[0]["msg"]


@pytest.mark.parametrize(
    ("body", "loc", "words"),
    [
        ({"preset": "mlp", "nmae": "x"}, ["nmae"], "'name'"),
        ({"preset": "mlp", "name": ""}, ["name"], "got ''"),
        ({"preset": "mlp", "layers": []}, ["layers"], "not taken here"),
        ({"preset": "lenet"}, ["preset"], "'lenet5'"),
        ({"preset": None}, ["preset"], "linear"),
        ({"input_shape": [4], "layers": [{"type": "dense", "dense": 1}]}, OUTPUT_DIM, "missing"),
    ],
)
def test_what_is_wrong_with_a_preset_is_reported_where_it_stands(
    client: httpx.Client, body: dict[str, Any], loc: list[Any], words: str
) -> None:
    response = client.post("/v1/networks/validate", json=body)

    error = assert_problem(response, 422)["errors"][0]
    assert error["loc"] == loc
    assert words in error["msg"]


def test_a_network_with_nothing_to_check_passes(client: httpx.Client) -> None:
    body = {"input_shape": [10], "layers": [{"type": "softmax"}]}
    network = client.post("/v1/networks", json=body).json()

    checked = client.post(f"/v1/networks/{network['id']}/gradcheck")

    assert checked.json() == {"passed": True, "max_relative_error": 0.0, "layers": []}


@pytest.mark.parametrize(
    "preset", [{"preset": "mlp"}, {"preset": "lenet5"}, SMALL_CNN, LINEAR, {"preset": "cnn"}]
)
def test_backpropagation_of_a_definition_is_checked(
    client: httpx.Client, preset: dict[str, Any]
) -> None:
    network = client.post("/v1/networks", json=preset).json()

    checked = client.post(f"/v1/networks/{network['id']}/gradcheck").json()

    assert checked["passed"] is True
    assert checked["max_relative_error"] < 1e-5
    types = [layer["type"] for layer in network["layers"]]
    assert [layer["type"] for layer in checked["layers"]] == types[: len(checked["layers"])]
    assert len(checked["layers"]) >= len(types) - 1


def test_a_network_in_use_cannot_be_deleted(client: httpx.Client) -> None:
    network = client.post("/v1/networks", json=LINEAR).json()
    path = f"/v1/networks/{network['id']}"
    body = {"network_id": network["id"], "epochs": 1, "train_samples": 500}
    job = client.post("/v1/jobs", json=body).json()

    assert_problem(client.delete(path), 409)

    ended = wait_until_ended(client, job["id"])
    assert_problem(client.delete(path), 409)
    assert client.delete(f"/v1/models/{ended['model_id']}").status_code == 204
    assert client.delete(path).status_code == 204
    assert_problem(client.get(path), 404)
    assert client.get(f"/v1/jobs/{job['id']}").json()["network_id"] is None


NAMED = {
    "layers": "dense conv2d conv2d_transpose max_pool2d avg_pool2d global_avg_pool2d flatten "
    "reshape upsample2d relu leaky_relu elu gelu silu sigmoid tanh softmax dropout batch_norm "
    "layer_norm residual",
    "losses": "cross_entropy mse",
    "optimizers": "sgd rmsprop adagrad adam adamw",
    "schedules": "constant step exponential cosine one_cycle",
    "augmentations": "rotate translate scale shear elastic noise cutout",
    "presets": "linear mlp lenet5 cnn resnet autoencoder",
}
"""The contract's vocabulary."""


def test_the_catalog_describes_all_that_can_be_named(client: httpx.Client) -> None:
    catalog = client.get("/v1/catalog").json()

    for section, names in NAMED.items():
        assert set(catalog[section]) == set(names.split()), section
        for entry in catalog[section].values():
            assert entry["description"]
    for schema in catalog["augmentations"].values():
        assert schema["default"] == 0
    for section in ("layers", "losses", "optimizers", "schedules"):
        for schema in catalog[section].values():
            assert schema["properties"]
    assert catalog["layers"]["conv2d"]["properties"]["padding"]["default"] == "valid"
    for preset in catalog["presets"].values():
        body = {"input_shape": preset["input_shape"], "layers": preset["layers"]}
        assert client.post("/v1/networks/validate", json=body).status_code == 200
        assert preset["recipe"]["epochs"] >= 1


EVERY_LAYER = [
    {"type": "conv2d", "output_channels": 4, "kernel_size": 3, "padding": "same", "stride": 2},
    {"type": "batch_norm"},
    {"type": "leaky_relu"},
    {
        "type": "residual",
        "layers": [
            {"type": "conv2d", "output_channels": 8, "kernel_size": 3, "padding": "same"},
            {"type": "elu"},
            {"type": "max_pool2d"},
            {"type": "residual", "layers": [{"type": "layer_norm"}, {"type": "gelu"}]},
        ],
    },
    {"type": "upsample2d"},
    {"type": "avg_pool2d"},
    {"type": "conv2d_transpose", "output_channels": 3, "kernel_size": 2, "stride": 2},
    {"type": "silu"},
    {"type": "global_avg_pool2d"},
    {"type": "reshape", "shape": [3, 1, 1]},
    {"type": "flatten"},
    {"type": "dense", "output_dim": 12, "initializer": "orthogonal"},
    {"type": "tanh"},
    {"type": "dropout", "rate": 0.1},
    {"type": "dense", "output_dim": 11},
    {"type": "sigmoid"},
    {"type": "relu"},
    {"type": "dense", "output_dim": 10},
    {"type": "softmax"},
]


def test_a_network_of_every_layer_has_right_gradients(client: httpx.Client) -> None:
    body = {"input_shape": [1, 28, 28], "layers": EVERY_LAYER}
    network = client.post("/v1/networks", json=body).json()

    checked = client.post(f"/v1/networks/{network['id']}/gradcheck").json()

    assert checked["passed"], checked
    assert {layer["type"] for layer in checked["layers"]} >= {
        "residual",
        "batch_norm",
        "upsample2d",
    }


@pytest.mark.parametrize(
    ("layer", "field", "words"),
    [
        ({"type": "dropout", "rate": 1.0}, "rate", "less than 1"),
        ({"type": "conv2d", "output_channels": 1, "kernel_size": 3, "stride": 0}, "stride", "1"),
        ({"type": "leaky_relu", "negative_slope": 2}, "negative_slope", "less than 1"),
        ({"type": "dense", "output_dim": 1, "initializer": "hee"}, "initializer", "'he'"),
    ],
)
def test_a_wrong_value_inside_a_residual_is_named_where_it_stands(
    client: httpx.Client, layer: dict[str, Any], field: str, words: str
) -> None:
    layers = [{"type": "relu"}, {"type": "residual", "layers": [{"type": "relu"}, layer]}]

    response = client.post("/v1/networks", json={"input_shape": [1, 28, 28], "layers": layers})

    (error,) = assert_problem(response, 422)["errors"]
    assert error["loc"] == ["layers", 1, "layers", 1, field]
    assert words in error["msg"]


def test_a_residual_whose_ways_cannot_meet_is_refused_with_both_shapes(
    client: httpx.Client,
) -> None:
    layers = [{"type": "residual", "layers": [{"type": "flatten"}]}]

    response = client.post("/v1/networks", json={"input_shape": [1, 28, 28], "layers": layers})

    (error,) = assert_problem(response, 422)["errors"]
    assert error["loc"] == ["layers", 0]
    assert "[784]" in error["msg"]
    assert "[1, 28, 28]" in error["msg"]
