"""What a trained network is worth: its probabilities made honest, its figures, what it has seen."""

import numpy as np

from app.formats import familiarity
from app.store.chunks import Examples
from engine import Network, calibration, evaluation
from engine.arrays import Labels
from engine.batches import Samples
from engine.familiarity import learn
from engine.losses import fuse
from engine.parallel import Team, single_threaded_blas


def calibrate(network: Network, samples: Samples, held_out: Labels, threads: int) -> float | None:
    """Make the probabilities honest; by what temperature, None where that cannot be.

    Args:
        network: Its last weights are changed.
        samples: What it learnt from.
        held_out: Which of them it did not.
        threads: How many compute.
    """
    with Team(threads) as team, single_threaded_blas():
        return calibration.calibrate(network.layers, samples, held_out, team)


def on_test_split(
    network: Network, examples: Examples, threads: int, *, learns_input: bool
) -> dict[str, float | None]:
    """Its figures on samples that it has not seen; null where there are none."""
    if len(examples.images) == 0:
        return {"test_loss": None, "test_accuracy": None, "calibration_error": None}
    labels = None if learns_input else examples.labels
    assert network.loss is not None  # noqa: S101 - it was trained
    layers, loss = fuse(network.layers, network.loss)
    samples = Samples(examples.images, labels)
    everything = np.arange(len(samples))
    with Team(threads) as team, single_threaded_blas():
        score = evaluation.score(layers, loss, samples, everything, team)
        if labels is None:
            return {"test_loss": score.loss, "test_accuracy": None, "calibration_error": None}
        y = evaluation.outputs(network.layers, samples, everything, team)
    bins = evaluation.calibration(y, labels)
    return {
        "test_loss": score.loss,
        "test_accuracy": score.accuracy,
        "calibration_error": evaluation.calibration_error(bins),
    }


def familiarity_with(examples: Examples) -> bytes | None:
    """What the training samples look like, in the same bytes for all jobs of them."""
    with single_threaded_blas():  # the bits of a sum depend on who adds up
        known = learn(examples.images, examples.labels)
    return None if known is None else familiarity.pack(known)
