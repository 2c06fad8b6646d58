"""MNIST: what comes with the package is what was published."""

import numpy as np
import pytest

from app.store import datasets
from app.store.datasets import MNIST, Split


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_files_are_what_is_said_of_them(split: Split) -> None:
    examples = datasets.read("mnist", split)

    counts = np.bincount(examples.labels, minlength=10)
    assert examples.images.shape[1:] == MNIST.sample_shape
    assert dict(zip(MNIST.classes, counts.tolist(), strict=True)) == MNIST.class_counts[split]
    assert len(examples.images) == getattr(MNIST, f"{split}_samples")


def test_the_first_test_digit_is_a_seven() -> None:
    examples = datasets.read("mnist", "test")

    assert examples.labels[0] == 7
    assert examples.images[0].max() == 255


def test_there_is_no_other_dataset() -> None:
    assert datasets.get("mnist") is MNIST
    assert datasets.get("cifar") is None
