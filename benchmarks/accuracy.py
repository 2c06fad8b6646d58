"""How well each preset's own recipe reads, and how long it takes to get there.

    python benchmarks/accuracy.py [linear mlp lenet5 cnn resnet autoencoder] [--seeds 1 2 3]

Run it from the project's root with the product's own packages. After every epoch the test split is
read with the weights that a model made then would have; the clock stands still meanwhile. A time is
that of the first epoch whose end is above the mark. Nothing is chosen by the test split: a recipe's
last weights are what counts.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.domain.definitions import build
from app.domain.presets import PRESETS
from app.store import mnist
from engine import evaluation
from engine.batches import Samples
from engine.losses import fuse
from engine.parallel import Team, single_threaded_blas
from engine.training import EpochDone, Training

MARKS = (0.97, 0.98, 0.99, 0.995)


def samples(split, learns_input):
    examples = mnist.read(split)
    return Samples(examples.images, None if learns_input else examples.labels)


def test(network, held, threads):
    """What the network is worth on the samples that are held back."""
    layers, loss = fuse(network.layers, network.loss)
    with Team(threads) as team, single_threaded_blas():
        return evaluation.score(layers, loss, held, np.arange(len(held)), team)


def run(name, seed, threads, verbose):
    """Train by the recipe; seconds, the time to each mark, and the last score."""
    preset = PRESETS[name]
    network = build(preset.definition, seed)
    network.loss = preset.recipe.loss.build()
    learns_input = preset.recipe.loss.type == "mse"
    held = samples("test", learns_input)
    training = Training(network, samples("train", learns_input), preset.recipe.plan(seed, threads))
    judged = build(preset.definition, seed)  # a copy, so that judging does not disturb training
    judged.loss = network.loss
    copy = Training(judged, held, preset.recipe.plan(seed, threads))
    spent, times, score = 0.0, {}, None
    began = time.perf_counter()
    for event in training:
        if not isinstance(event, EpochDone):
            continue
        spent += time.perf_counter() - began
        copy.adopt(training.result())
        score = test(judged, held, threads)
        if verbose:
            print(f"  epoch {event.epoch}: {spent:.0f} s, {score}", flush=True)
        for mark in MARKS:
            if score.accuracy is not None and score.accuracy >= mark:
                times.setdefault(mark, spent)
        began = time.perf_counter()
    return spent, times, score


def report(name, seed, spent, times, score):
    if score.accuracy is None:
        print(f"{name:12} seed {seed}: test loss {score.loss:.5f} in {spent:.0f} s", flush=True)
        return
    reached = "  ".join(
        f"{mark:.1%} {times[mark]:5.0f} s" if mark in times else f"{mark:.1%}     –  "
        for mark in MARKS
    )
    print(
        f"{name:12} seed {seed}: {score.accuracy:.2%} in {spent:5.0f} s   to {reached}", flush=True
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", help=f"of {', '.join(PRESETS)}; all by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--verbose", action="store_true", help="every epoch")
    options = parser.parse_args()
    if unknown := set(options.presets) - set(PRESETS):
        parser.error(f"there is no {unknown.pop()}, only {', '.join(PRESETS)}")
    print(f"{options.threads} threads, test split of 10,000")
    for name in options.presets or PRESETS:
        for seed in options.seeds:
            report(name, seed, *run(name, seed, options.threads, options.verbose))


if __name__ == "__main__":
    main()
