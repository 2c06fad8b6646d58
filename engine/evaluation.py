"""What a trained network is worth: predictions over a data set and the figures made of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine import backpropagation
from engine.arrays import Array, Labels, batch_first
from engine.batches import Samples, shards
from engine.layers import chain
from engine.layers.base import Layer
from engine.losses import Loss
from engine.parallel import Team
from engine.scratch import ReusedScratch


@dataclass(frozen=True)
class Score:
    """The mean loss, and the share of samples whose largest output is their class (else None)."""

    loss: float
    accuracy: float | None


def outputs(layers: Sequence[Layer], samples: Samples, indices: Labels, team: Team) -> Array:
    """The network's output for some samples: (len(indices), *output shape), float32."""
    if len(indices) == 0:
        raise ValueError("there are no samples to evaluate")
    parts = shards(indices)
    results: list[Array | None] = [None] * len(parts)
    scratches = [backpropagation.reused_scratches(layers) for _ in range(team.threads)]
    reads = [ReusedScratch() for _ in range(team.threads)]

    def run(thread: int) -> None:
        for i in range(thread, len(parts), team.threads):
            x = samples.inputs(parts[i], reads[thread])
            y = chain.forward(layers, x, scratches[thread])
            results[i] = batch_first(y)

    team.run(run, team.threads)
    return np.concatenate([part for part in results if part is not None])


def score(
    layers: Sequence[Layer], loss: Loss, samples: Samples, indices: Labels, team: Team
) -> Score:
    """The loss and accuracy over some samples; `layers` end where `loss` begins."""
    y = outputs(layers, samples, indices, team)
    labels = samples.labels
    if labels is None:
        x = samples.x[indices].astype(np.float32)
        targets: Labels = x / 255 if samples.x.dtype == np.uint8 else x
    else:
        targets = labels[indices]
    losses = loss.forward(y, targets)
    classes = samples.classes
    hits = None if classes is None else float(np.mean(y.argmax(axis=1) == classes[indices]))
    return Score(float(np.mean(losses, dtype=np.float64)), hits)


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> Labels:
    """How often each true class (row) was taken for each class (column)."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


@dataclass(frozen=True)
class ClassScore:
    """How one class fares; 0 where a figure has nothing to divide by."""

    precision: float
    recall: float
    f1: float
    support: int


def class_scores(confusion: Labels) -> list[ClassScore]:
    """Precision, recall and their harmonic mean for every class of a confusion matrix."""
    scores = []
    for k, row in enumerate(confusion):
        hits, said, true = int(row[k]), int(confusion[:, k].sum()), int(row.sum())
        precision = hits / said if said else 0.0
        recall = hits / true if true else 0.0
        f1 = 2 * hits / (said + true) if said + true else 0.0
        scores.append(ClassScore(precision, recall, f1, true))
    return scores


@dataclass(frozen=True)
class CalibrationBin:
    """The predictions whose confidence lies in (start, stop]."""

    start: float
    stop: float
    count: int
    confidence: float
    accuracy: float


def calibration(probabilities: Array, labels: Labels, bins: int = 10) -> list[CalibrationBin]:
    """Confidence beside accuracy, in bins of equal width (Guo et al. 2017)."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    result = []
    for i in range(bins):
        inside = place == i
        count = int(inside.sum())
        mean = (
            (float(confidence[inside].mean()), float(correct[inside].mean()))
            if count
            else (0.0, 0.0)
        )
        result.append(CalibrationBin(i / bins, (i + 1) / bins, count, *mean))
    return result


def calibration_error(bins: Sequence[CalibrationBin]) -> float:
    """The expected calibration error: |confidence − accuracy|, weighted by how many."""
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / total if total else 0.0
