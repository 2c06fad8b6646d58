"""What a training set looked like survives the way to bytes, and goes with a model's file."""

import io
from typing import Any

import numpy as np
import pytest
from safetensors import numpy as safetensors_file

from app.domain.errors import UnusableFile
from app.domain.presets import PRESETS
from app.formats import familiarity, keras, npz, safetensors
from app.formats.bundle import Bundle
from app.store import mnist
from engine.arrays import Array
from engine.familiarity import Familiarity, learn
from tests.app.formats.conftest import LIMITS, bundle_of

PLAIN = bundle_of(PRESETS["linear"].definition)


@pytest.fixture(scope="module")
def known() -> Familiarity:
    examples = mnist.read("train")
    known = learn(examples.images[:500], examples.labels[:500])
    assert known is not None
    return known


@pytest.fixture
def bundle(known: Familiarity) -> Bundle:
    return Bundle(PLAIN.definition, PLAIN.arrays, PLAIN.classes, {}, "mnist", known)


def assert_same(got: Familiarity | None, expected: Familiarity) -> None:
    assert got is not None
    for name, array in expected.arrays().items():
        assert np.array_equal(got.arrays()[name], array), name


def test_it_is_read_back_to_the_bit_and_always_the_same_bytes(known: Familiarity) -> None:
    assert_same(familiarity.unpack(familiarity.pack(known)), known)
    assert len({familiarity.pack(Familiarity(**known.arrays())) for _ in range(8)}) == 1


@pytest.mark.parametrize("kind", [npz, safetensors])
def test_a_models_file_has_it(bundle: Bundle, known: Familiarity, kind: Any) -> None:
    again = kind.read(kind.write(bundle), None, LIMITS)

    assert_same(again.familiarity, known)
    assert again.arrays.keys() == PLAIN.arrays.keys()


def test_a_file_in_keras_form_has_no_room_for_it(bundle: Bundle) -> None:
    assert keras.read(keras.write(bundle), None, LIMITS).familiarity is None


def written(kind: Any, arrays: dict[str, Any]) -> bytes:
    if kind is safetensors:
        return safetensors_file.save(arrays)
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


@pytest.mark.parametrize("kind", [npz, safetensors])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mean": np.zeros(3, np.float32)}, "mean has shape"),
        ({"scale": np.full(2, np.nan, np.float32)}, "scale holds numbers that are not finite"),
        ({"scale": np.full(2, 1e300)}, "scale holds numbers that are not finite"),
        ({"another": np.zeros(3, np.float32)}, "another"),
        ({"mean": None}, "of a training set"),
    ],
)
def test_one_that_cannot_be_computed_with_is_refused(
    bundle: Bundle, kind: Any, changes: dict[str, Array | None], words: str
) -> None:
    arrays: dict[str, Array | None] = {**bundle.all_arrays()}
    arrays |= {familiarity.PREFIX + name: array for name, array in changes.items()}
    content = written(kind, {n: array for n, array in arrays.items() if array is not None})

    with pytest.raises(UnusableFile, match=words):
        kind.read(content, PLAIN.definition, LIMITS)
