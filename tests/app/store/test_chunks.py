"""Chunks of samples as bytes, and what identifies samples."""

from itertools import pairwise

import numpy as np
import pytest

from app.domain.datasets import NOTHING
from app.store import chunks
from app.store.chunks import Examples
from tests.dataset_files import images


def some(count: int) -> Examples:
    return Examples(images(count)[:, np.newaxis], np.arange(count) * 1000)


def part(examples: Examples, begin: int, end: int) -> Examples:
    return Examples(examples.images[begin:end], examples.labels[begin:end])


@pytest.mark.parametrize("count", [0, 1, 50])
def test_a_chunk_is_read_as_it_was_written(count: int) -> None:
    read = chunks.unpack(chunks.pack(some(count)), count, (1, 28, 28))

    assert np.array_equal(read.images, some(count).images)
    assert np.array_equal(read.labels, some(count).labels)
    assert read.labels.dtype == np.int64


@pytest.mark.parametrize("cuts", [[0, 50], [0, 1, 50], [0, 20, 20, 50], [*range(51)]])
def test_however_samples_are_cut_they_are_the_same(cuts: list[int]) -> None:
    parts = [part(some(50), *cut) for cut in pairwise(cuts)]
    digest = NOTHING
    for one in parts:
        digest = chunks.extend(digest, one)

    joined = chunks.join(parts, (1, 28, 28))
    assert digest == chunks.extend(NOTHING, some(50))
    assert np.array_equal(joined.images, some(50).images)
    assert np.array_equal(joined.labels, some(50).labels)


def test_whatever_is_changed_changes_the_digest() -> None:
    image, label, order = some(50), some(50), some(50)
    image.images[7, 0, 3, 3] ^= 1
    label.labels[7] += 1
    order.images[:2], order.labels[:2] = order.images[1::-1], order.labels[1::-1]

    digests = {chunks.extend(NOTHING, one) for one in (some(50), part(some(50), 0, 49))}
    digests |= {chunks.extend(NOTHING, one) for one in (image, label, order)}

    assert len(digests) == 5


def test_equal_images_have_equal_fingerprints_whatever_their_place() -> None:
    prints = chunks.fingerprints(some(50).images)
    reversed_ = chunks.fingerprints(some(50).images[::-1])

    assert len(np.unique(prints)) == 50
    assert np.array_equal(prints, reversed_[::-1])


def test_nothing_joined_is_nothing() -> None:
    joined = chunks.join([], (3, 8, 8))

    assert (joined.images.shape, joined.labels.shape) == ((0, 3, 8, 8), (0,))
