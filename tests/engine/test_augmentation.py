import numpy as np
import pytest

from engine.augmentation import Augmentation, resample


def image(height: int = 28, width: int = 28, channels: int = 1, batch: int = 4) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.random((batch, channels, height, width), np.float32)


def spot(batch: int = 200) -> np.ndarray:
    """Images with one bright square in the middle."""
    x = np.zeros((batch, 1, 28, 28), np.float32)
    x[:, :, 12:16, 12:16] = 1
    return x


def centres(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The centre of mass of each image: rows, columns."""
    mass = x.sum(axis=(1, 2, 3))
    rows = (x.sum(axis=(1, 3)) * np.arange(x.shape[2])).sum(axis=1) / mass
    columns = (x.sum(axis=(1, 2)) * np.arange(x.shape[3])).sum(axis=1) / mass
    return rows, columns


def change(augmentation: Augmentation, x: np.ndarray, seed: int = 0) -> np.ndarray:
    return augmentation.apply(x, np.random.default_rng(seed))


ALL = Augmentation(rotate=10, shear=5, translate=2, scale=0.1, elastic=1, noise=0.05, cutout=5)


def test_nothing_to_do_gives_an_equal_copy() -> None:
    x = image()

    got = change(Augmentation(), x)

    np.testing.assert_array_equal(got, x)
    assert not np.shares_memory(got, x)


def test_reading_every_pixel_where_it_is_changes_nothing() -> None:
    x = image(5, 7, 3)
    rows, columns = np.meshgrid(np.arange(5.0), np.arange(7.0), indexing="ij")
    place = [np.broadcast_to(a, (4, 5, 7)).astype(np.float32) for a in (rows, columns)]

    np.testing.assert_array_equal(resample(x, *place), x)


def test_reading_between_pixels_is_bilinear_and_outside_is_zero() -> None:
    x = np.array([[[[0.0, 1.0], [2.0, 3.0]]]], np.float32)
    rows = np.array([[[0.5, -0.5], [-9.0, 1.5]]], np.float32)
    columns = np.array([[[0.5, 1.0], [0.0, 1.0]]], np.float32)

    got = resample(x, rows, columns)

    np.testing.assert_allclose(got[0, 0], [[1.5, 0.5], [0.0, 1.5]])


def test_the_same_generator_gives_the_same_images_and_another_gives_others() -> None:
    x = image()

    np.testing.assert_array_equal(change(ALL, x, 1), change(ALL, x, 1))
    assert (change(ALL, x, 1) != change(ALL, x, 2)).any()


def test_every_sample_is_changed_in_its_own_way() -> None:
    x = np.broadcast_to(image(batch=1), (8, 1, 28, 28)).astype(np.float32)

    got = change(Augmentation(rotate=20), x)

    assert len(np.unique(got.reshape(8, -1), axis=0)) == 8


def test_the_images_that_are_given_are_not_written_to() -> None:
    x = image()
    kept = x.copy()

    change(ALL, x)

    np.testing.assert_array_equal(x, kept)


def test_the_result_has_the_same_shape_and_precision_and_stays_in_range() -> None:
    x = image(20, 31, 3)

    got = change(Augmentation(rotate=180, translate=30, scale=0.5, noise=0.5), x)

    assert got.shape == x.shape
    assert got.dtype == np.float32
    assert got.min() >= 0
    assert got.max() <= 1


def test_translation_stays_within_its_bound_and_goes_both_ways() -> None:
    rows, columns = centres(change(Augmentation(translate=3), spot()))

    for shift in (rows - 13.5, columns - 13.5):
        assert np.abs(shift).max() <= 3 + 1e-4
        assert shift.min() < -2
        assert shift.max() > 2


def test_rotation_shear_and_scale_keep_the_centre() -> None:
    for augmentation in (Augmentation(rotate=30), Augmentation(scale=0.2), Augmentation(shear=20)):
        rows, columns = centres(change(augmentation, spot()))

        np.testing.assert_allclose(rows, 13.5, atol=1e-3)
        np.testing.assert_allclose(columns, 13.5, atol=1e-3)


def test_a_rotation_turns_by_no_more_than_its_bound() -> None:
    x = np.zeros((300, 1, 29, 29), np.float32)
    x[:, :, 14, 24] = 1

    rows, columns = centres(change(Augmentation(rotate=40), x))

    degrees = np.degrees(np.arctan2(rows - 14, columns - 14))
    assert np.abs(degrees).max() <= 40 + 3
    assert degrees.min() < -25
    assert degrees.max() > 25


def test_scale_makes_images_larger_and_smaller_by_no_more_than_its_fraction() -> None:
    x = np.zeros((300, 1, 28, 28), np.float32)
    x[:, :, 8:20, 8:20] = 1

    area = change(Augmentation(scale=0.25), x).sum(axis=(1, 2, 3)) / 144

    assert area.min() >= 0.75**2 - 0.02
    assert area.max() <= 1.25**2 + 0.02
    assert area.min() < 0.7
    assert area.max() > 1.3


def test_the_elastic_field_is_smooth_and_within_its_bound() -> None:
    field = Augmentation(elastic=2)._field(50, 28, 28, np.random.default_rng(0))

    assert field.shape == (50, 28, 28)
    assert 1 < np.abs(field).max() <= 2
    assert np.abs(np.diff(field, axis=1)).max() < 1


def test_cutout_blackens_a_square() -> None:
    x = np.ones((300, 1, 28, 28), np.float32)

    black = (change(Augmentation(cutout=6), x) == 0).sum(axis=(1, 2, 3))

    assert black.max() == 36
    assert black.min() >= 9


def test_noise_has_its_standard_deviation() -> None:
    x = np.full((50, 1, 28, 28), 0.5, np.float32)

    assert change(Augmentation(noise=0.1), x).std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rotate": 181.0}, "rotate is from 0 to 180, got 181"),
        ({"rotate": float("nan")}, "rotate is from 0 to 180, got nan"),
        ({"shear": 89.0}, "shear is from 0 to 60, got 89"),
        ({"scale": 1.0}, "scale is from 0 to 0.9, got 1.0"),
        ({"translate": -1.0}, "translate is from 0 to 1000, got -1"),
        ({"elastic": float("inf")}, "elastic is from 0 to 1000, got inf"),
        ({"noise": 1.5}, "noise is from 0 to 1, got 1.5"),
        ({"cutout": -2}, "cutout is from 0 to 1000, got -2"),
    ],
)
def test_a_bound_outside_its_range_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Augmentation(**wrong)  # type: ignore[arg-type]
