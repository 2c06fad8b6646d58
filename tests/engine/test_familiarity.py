import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.random import Generator

from engine.errors import ShapeError
from engine.familiarity import LEAST, Familiarity, learn


@pytest.fixture
def rng() -> Generator:
    return np.random.default_rng(0)


def strokes(rng: Generator, samples: int) -> tuple[Any, Any]:
    """Upright and level lines on 16×16, bytes, and which of the two each is."""
    classes = rng.integers(0, 2, samples)
    images = np.zeros((samples, 1, 16, 16), np.uint8)
    for image, level in zip(images[:, 0], classes, strict=True):
        at, start = rng.integers(4, 11), rng.integers(1, 5)
        (image if level else image.T)[at : at + 2, start : start + 10] = 255
        image[:] = np.minimum(image, 255 - rng.integers(0, 60, image.shape))
    return images, classes


@pytest.fixture
def known(rng: Generator) -> Familiarity:
    known = learn(*strokes(rng, 2000))
    assert known is not None
    return known


def test_what_is_like_the_training_set_is_familiar(rng: Generator, known: Familiarity) -> None:
    images, _ = strokes(rng, 1000)

    scores = known.score(images.astype(np.float32) / 255)

    assert scores.shape == (1000,)
    assert np.mean(scores > 0.5) > 0.97
    assert np.median(scores) == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize("kind", ["noise", "slanted", "blurred", "both lines", "turned off"])
def test_what_is_not_is_strange(rng: Generator, known: Familiarity, kind: str) -> None:
    images, classes = strokes(rng, 400)
    x = images.astype(np.float32) / 255
    strange = {
        "noise": rng.random((200, 1, 16, 16), np.float32),
        "slanted": np.broadcast_to(np.eye(16, dtype=np.float32), (1, 1, 16, 16)),
        "blurred": (x + np.roll(x, 3, axis=2) + np.roll(x, 3, axis=3) + np.roll(x, 6, axis=3)) / 4,
        "both lines": np.maximum(x[classes == 0][:100], x[classes == 1][:100]),
        "turned off": np.zeros((1, 1, 16, 16), np.float32),
    }[kind]

    assert np.mean(known.score(strange) < 0.5) > 0.9


def test_an_input_is_as_familiar_alone_as_in_a_batch(rng: Generator, known: Familiarity) -> None:
    x = strokes(rng, 20)[0].astype(np.float32) / 255

    alone = np.concatenate([known.score(one[None]) for one in x])

    np.testing.assert_allclose(known.score(x), alone, rtol=1e-3, atol=1e-5)


def test_bytes_and_floats_are_learnt_alike_and_to_the_bit(rng: Generator) -> None:
    images, classes = strokes(rng, 400)

    first, second = learn(images, classes), learn(images.astype(np.float32) / 255, classes)

    assert first is not None
    assert second is not None
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[name], err_msg=name)
        assert array.dtype == np.float32, name


def test_a_training_set_that_is_too_small_says_nothing(rng: Generator) -> None:
    images, classes = strokes(rng, LEAST)

    assert learn(images, classes) is not None
    assert learn(images[1:], classes[1:]) is None


def test_samples_need_not_be_images_nor_vary_nor_all_be_of_many_classes(rng: Generator) -> None:
    x = rng.standard_normal((500, 60))
    x[:, 30:] = 0
    classes = np.zeros(500, int)
    classes[7] = 3

    known = learn(x, classes)

    assert known is not None
    assert np.median(known.score(x.astype(np.float32))) > 0.9
    assert known.score(np.full((1, 60), 5, np.float32))[0] < 0.01


def test_fewer_features_than_axes_are_enough(rng: Generator) -> None:
    known = learn(rng.standard_normal((500, 5)), rng.integers(0, 2, 500))

    assert known is not None
    known.check((5,))
    assert known.score(np.full((1, 5), 9, np.float32))[0] < 0.01


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mean": np.zeros(255)}, r"mean has shape \(255,\), expected \(256,\)"),
        ({"axes": np.zeros((256, 9))}, "whitening has shape"),
        ({"axes": np.zeros(())}, "axes has shape"),
        ({"widths": np.zeros(0)}, "expected"),
        ({"widths": np.zeros(())}, "has shape"),
        ({"scale": np.array([1.0, np.nan])}, "scale holds numbers that are not finite"),
        ({"scale": np.array([1.0, 0.0])}, "above 0"),
    ],
)
def test_arrays_that_do_not_fit_are_named(
    known: Familiarity, changes: dict[str, Any], words: str
) -> None:
    known.check((1, 16, 16))

    with pytest.raises(ShapeError, match=words):
        dataclasses.replace(known, **changes).check((1, 16, 16))


def test_inputs_of_another_shape_do_not_fit(known: Familiarity) -> None:
    with pytest.raises(ShapeError, match="mean"):
        known.check((1, 17, 16))
    with pytest.raises(ShapeError, match="whitening"):
        known.check((256,))  # no image, so that there are no edges


def test_numbers_that_overflow_are_strange_and_not_nan(known: Familiarity) -> None:
    wild = dataclasses.replace(known, whitening=np.full_like(known.whitening, 1e9))
    wild.check((1, 16, 16))

    with np.errstate(over="ignore"):
        assert wild.score(np.full((1, 1, 16, 16), 1, np.float32)) < 1e-30
