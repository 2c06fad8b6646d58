"""What training a network will cost on this machine, from its counts and two measured rates."""

import math
import os
import time
from dataclasses import dataclass
from functools import cache

import numpy as np

from app.domain.datasets import Dataset
from app.domain.definitions import Summary
from engine.batches import SHARD

MNIST_SAMPLES = 60_000
BATCH = 128

_FORWARD_AND_BACK = 3
"""Backward multiplies each weight twice: once for the input's gradient, once for its own."""

_PASSES = 8
"""How often each activation is read or written in a step, roughly."""

_PARAMETER_VECTORS = 4
"""Parameters, two slots and a checkpoint; every shard of a batch has a gradient beside them."""

_PROCESS_BYTES = 65 * 1024 * 1024
"""Python and NumPy."""

_MNIST_BYTES = 70_000 * (28 * 28 + 8)


@dataclass(frozen=True)
class Estimate:
    """Memory of the training process, and seconds for an epoch of MNIST with batches of 128."""

    memory_bytes: int
    seconds_per_epoch: float


def estimate(summary: Summary, threads: int) -> Estimate:
    macs_a_second, bytes_a_second = _rates()
    cores = min(threads, len(os.sched_getaffinity(0)))
    arithmetic = _FORWARD_AND_BACK * summary.macs / macs_a_second
    traffic = _PASSES * 4 * summary.activations / bytes_a_second
    update = 10 * 4 * summary.parameters / BATCH / bytes_a_second
    overhead = 20e-6 * len(summary.layers) / BATCH
    seconds = MNIST_SAMPLES * ((arithmetic + traffic + update) / cores + overhead)
    return Estimate(memory_bytes(summary, BATCH, _MNIST_BYTES), round(seconds, 3))


def memory_of(summary: Summary, batch_size: int, dataset: Dataset) -> int:
    """What the process that trains on a dataset takes in memory."""
    samples = dataset.train_samples + dataset.test_samples
    return memory_bytes(summary, batch_size, samples * (math.prod(dataset.sample_shape) + 8))


def memory_bytes(summary: Summary, batch_size: int, data_bytes: int) -> int:
    vectors = _PARAMETER_VECTORS + math.ceil(batch_size / SHARD)
    numbers = vectors * summary.parameters + 3 * batch_size * summary.activations
    return _PROCESS_BYTES + data_bytes + 4 * numbers


@cache
def _rates() -> tuple[float, float]:
    """Multiply-adds and bytes a second of one core, measured once, in some 20 ms."""
    a = np.ones((256, 256), np.float32)
    big = np.ones(1_000_000, np.float32)
    out = np.empty_like(big)
    a @ a
    products = _fastest(lambda: a @ a)
    copies = _fastest(lambda: np.copyto(out, big))
    return 256**3 / products / 2, big.nbytes / copies


def _fastest(action: object) -> float:
    assert callable(action)  # noqa: S101 - see the callers
    times = []
    for _ in range(7):
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return min(times)
