"""Models to write and read."""

import numpy as np
import pytest

from app.domain.definitions import Limits, NetworkDefinition, build
from app.domain.presets import PRESETS
from app.domain.records import DEFAULT_PREPROCESSING
from app.formats.bundle import Bundle
from app.formats.tensors import named_arrays

LIMITS = Limits(parameters=10**7, activations=10**7, macs=10**9)


def bundle_of(definition: NetworkDefinition, seed: int = 1) -> Bundle:
    """A model whose running buffers are not those that it began with."""
    rng = np.random.default_rng(seed)
    arrays = {
        name: rng.uniform(0.5, 1.5, array.shape).astype(np.float32)
        if name.endswith((".mean", ".variance", ".scale"))
        else array.astype(np.float32)
        for name, array in named_arrays(build(definition, seed).layers).items()
    }
    classes = [str(k) for k in range(10)]
    return Bundle(definition, arrays, classes, DEFAULT_PREPROCESSING, "mnist")


@pytest.fixture(params=list(PRESETS))
def preset(request: pytest.FixtureRequest) -> Bundle:
    return bundle_of(PRESETS[request.param].definition)
