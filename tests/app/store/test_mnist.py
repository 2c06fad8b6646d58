"""MNIST: what comes with the package is what was published, and what is said of it."""

import numpy as np
import pytest

from app.domain.datasets import NO_DUPLICATES, NOTHING, SPLITS, Split
from app.store import chunks, mnist
from app.store.mnist import MNIST


@pytest.mark.parametrize("split", SPLITS)
def test_the_files_are_what_is_said_of_them(split: Split) -> None:
    examples = mnist.read(split)

    counts = np.bincount(examples.labels, minlength=10)
    assert examples.images.shape[1:] == MNIST.sample_shape
    assert dict(zip(MNIST.classes, counts.tolist(), strict=True)) == MNIST.class_counts[split]
    assert len(examples.images) == getattr(MNIST, f"{split}_samples")
    assert chunks.extend(NOTHING, examples) == MNIST.contents[split].digest


def test_no_digit_is_there_twice() -> None:
    prints = [mnist.known(split) for split in SPLITS]

    assert len(np.unique(np.concatenate(prints))) == 70_000
    assert MNIST.duplicates == NO_DUPLICATES


def test_the_first_test_digit_is_a_seven() -> None:
    examples = mnist.read("test")

    assert examples.labels[0] == 7
    assert examples.images[0].max() == 255
