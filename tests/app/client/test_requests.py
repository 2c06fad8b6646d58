"""What is sent for what a program says."""

from pathlib import Path

import httpx
import pytest

from app.client.address import Address
from app.client.calls import Call, Steps
from app.client.datasets import add_sample, upload
from app.client.jobs import body_of
from app.client.networks import Network, definition

ADDRESS = Address("http://127.0.0.1:8000/behind/", "secret", 60)
NETWORK = {
    "id": "net_1",
    "created_at": "2026-11-26T00:00:00Z",
    "input_shape": [1, 28, 28],
    "layers": [],
    "output_shape": [10],
    "parameters": 0,
    "macs": 0,
    "estimate": {},
    "summary": [],
}


def request(steps: Steps[object]) -> httpx.Request:
    call = next(steps)
    assert isinstance(call, Call)
    with httpx.Client(**ADDRESS.options()) as client:
        built = client.build_request(**ADDRESS.request(call))
        built.read()
        return built


def test_a_dataset_is_a_form_with_its_name_and_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.npz"
    file.write_bytes(b"arrays")

    sent = request(upload("mine", file))

    assert (sent.method, str(sent.url)) == ("POST", "http://127.0.0.1:8000/behind/v1/datasets")
    assert sent.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="name"\r\n\r\nmine' in sent.content
    assert b'name="file"; filename="mine.npz"' in sent.content
    assert sent.headers["Authorization"] == "Bearer secret"


def test_a_sample_names_its_split_in_the_query() -> None:
    sent = request(add_sample("mine", b"image", "7", "test"))

    assert sent.url.path == "/behind/v1/datasets/mine/samples"
    assert sent.url.query == b"split=test"
    assert b'name="label"\r\n\r\n7' in sent.content


def test_names_do_not_become_paths() -> None:
    sent = request(add_sample("../jobs", b"image", "7", "test"))

    assert sent.url.raw_path.startswith(b"/behind/v1/datasets/..%2Fjobs/samples")


def test_a_network_that_was_defined_is_named_by_its_id() -> None:
    network = Network.model_validate(NETWORK)

    assert body_of({"network": network, "epochs": 3}) == {"network_id": "net_1", "epochs": 3}


def test_what_was_not_said_is_left_to_the_service_but_switching_off_is_said() -> None:
    body = body_of({"preset": "mlp", "name": None, "augmentation": None})

    assert body == {"preset": "mlp", "augmentation": None}


def test_a_network_has_layers_or_a_preset() -> None:
    with pytest.raises(ValueError, match="either layers or preset"):
        definition(None, None, (1, 28, 28), None)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://a:b"])
def test_an_address_that_cannot_be_one_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Address(url, None, 60)


def test_a_proxy_of_the_environment_is_none_for_this_machine() -> None:
    assert ADDRESS.options()["trust_env"] is False
    assert Address("http://digits.example", None, 60).options()["trust_env"] is True
