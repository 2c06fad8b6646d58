"""Jobs as they are asked for, and as they become with every default filled in."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.domain.errors import InvalidInput
from app.domain.jobs import JobConfig, JobRequest, check_fit
from app.domain.presets import PRESETS
from app.domain.recipes import Recipe


def request(**fields: Any) -> JobRequest:
    return JobRequest.model_validate({"preset": "mlp", **fields})


def test_what_is_not_sent_comes_from_the_presets_recipe() -> None:
    config = request().resolve(PRESETS["mlp"].recipe, seed=5)

    assert config.schedule.type == "cosine"
    assert config.optimizer.learning_rate == PRESETS["mlp"].recipe.optimizer.learning_rate
    assert config.seed == 5


def test_what_is_sent_wins() -> None:
    sent = request(
        epochs=2, optimizer={"type": "sgd", "learning_rate": 0.5, "momentum": 0.9}, seed=9
    )

    config = sent.resolve(PRESETS["mlp"].recipe, seed=5)

    assert config.epochs == 2
    assert config.optimizer.type == "sgd"
    assert config.seed == 9


def test_without_a_preset_the_documented_defaults_hold() -> None:
    config = request().resolve(Recipe(), seed=5)

    assert (config.epochs, config.batch_size, config.validation_split) == (5, 128, 0.1)
    assert (config.optimizer.type, config.optimizer.learning_rate) == ("adam", 0.001)
    assert config.schedule.type == "constant"


def test_a_config_is_read_back_as_it_was_stored() -> None:
    config = request(early_stopping={"patience": 3}).resolve(PRESETS["mlp"].recipe, seed=1)

    assert JobConfig.model_validate(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    "fields",
    [
        {"network_id": "net_x"},
        {"preset": None},
        {"epochs": 0},
        {"epochs": True},
        {"epochs": "3"},
        {"batch_size": 0},
        {"validation_split": 1.0},
        {"seed": -1},
        {"optimizer": {"type": "adam", "learning_rate": 0}},
        {"optimizer": {"type": "adam", "learning_rate": float("nan")}},
        {"optimizer": {"type": "sgd", "momentum": 1.0}},
        {"schedule": {"type": "cosine", "warmup_epochs": -1}},
        {"loss": {"type": "cross_entropy", "label_smoothing": 1.0}},
        {"early_stopping": {"patience": 0}},
        {"name": ""},
        {"name": "a\x00b"},
        {"name": "x" * 121},
        {"tags": ["x"] * 17},
        {"unknown": 1},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        request(**fields)


def test_a_network_must_fit_the_dataset() -> None:
    config = request().resolve(Recipe(), seed=1)
    shape = (1, 28, 28)

    check_fit("preset", config, shape, (10,), "softmax", shape, 10)
    with pytest.raises(InvalidInput, match="shape"):
        check_fit("preset", config, (1, 32, 32), (10,), "softmax", shape, 10)
    with pytest.raises(InvalidInput, match="10 classes"):
        check_fit("preset", config, shape, (7,), "softmax", shape, 10)
    with pytest.raises(InvalidInput, match="softmax"):
        check_fit("preset", config, shape, (10,), "dense", shape, 10)
