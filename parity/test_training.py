"""Whole runs of networks with everything in them, against PyTorch's."""

from collections.abc import Callable

import pytest
import torch

from engine.batches import SHARD
from engine.optimizers import SGD
from engine.training import Plan
from parity.problems import Problem, autoencoder, convolutional, normalising, perceptron
from parity.runs import check, run_engine, run_torch


@pytest.mark.parametrize(("batch_size", "steps"), [(48, 8), (SHARD, 6), (80, 5), (150, 3)])
@pytest.mark.parametrize("build", [perceptron, convolutional, normalising, autoencoder])
def test_four_epochs_are_pytorchs(
    build: Callable[[], Problem], batch_size: int, steps: int
) -> None:
    """With batches of less than a shard, of one, and of more; the last of an epoch is smaller."""
    problem = build()
    plan = Plan(
        SGD(0.02, momentum=0.9),
        epochs=4,
        batch_size=batch_size,
        validation_split=0,
        seed=3,
    )

    got = run_engine(problem, plan)

    expected = run_torch(
        problem, plan, lambda parameters: torch.optim.SGD(parameters, lr=0.02, momentum=0.9)
    )
    assert len(expected.rates) == 4 * steps
    check(got, expected)
