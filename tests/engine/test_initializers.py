from collections.abc import Callable

import numpy as np
import pytest

from engine import initializers
from engine.arrays import Array


@pytest.mark.parametrize(
    ("draw", "variance"),
    [
        (lambda rng: initializers.lecun_uniform(rng, (300, 200), 300), 1 / 300),
        (lambda rng: initializers.he_normal(rng, (300, 200), 300), 2 / 300),
        (lambda rng: initializers.glorot_uniform(rng, (300, 200), 300, 200), 2 / 500),
        (lambda rng: initializers.orthogonal(rng, (300, 200)), 1 / 300),
    ],
)
def test_weights_have_mean_0_and_their_variance(
    draw: Callable[[np.random.Generator], Array], variance: float
) -> None:
    weights = draw(np.random.default_rng(0))

    assert weights.mean() == pytest.approx(0, abs=3e-4)
    assert weights.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (3, 3, 2, 4), (3, 3, 1, 20)])
def test_orthogonal_weights_are_orthonormal_along_the_shorter_side(shape: tuple[int, ...]) -> None:
    matrix = initializers.orthogonal(np.random.default_rng(0), shape, gain=2.0)

    flat = matrix.reshape(-1, shape[-1]) / 2
    product = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    assert matrix.shape == shape
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-12)


def test_without_a_seed_weights_follow_numpys_global_seed() -> None:
    draws = []
    for _ in range(2):
        np.random.seed(7)  # noqa: NPY002 - the notebook's way to fix the weights
        draws.append(initializers.generator().random())

    assert draws[0] == draws[1]
