"""Evaluations and comparisons → their bodies, as bytes: `EvaluationBody`, without its detour.

What reads nothing well misreads nearly all of 60,000 samples, each of which is named: as bodies
they would take a hundred megabytes, and be written in the event loop, where everybody waits.
"""

import orjson

from app.services.models import Comparison, Evaluation


def evaluation_body(evaluation: Evaluation, classes: list[str]) -> bytes:
    """The body of an `EvaluationBody`."""
    bins = [
        {
            "from": one.start,
            "to": one.stop,
            "count": one.count,
            "confidence": one.confidence,
            "accuracy": one.accuracy,
        }
        for one in evaluation.bins
    ]
    per_class = [
        {"label": label, **vars(score)}
        for label, score in zip(classes, evaluation.per_class, strict=True)
    ]
    return orjson.dumps(
        {
            "accuracy": evaluation.accuracy,
            "loss": evaluation.loss,
            "samples": evaluation.samples,
            "confusion_matrix": evaluation.confusion_matrix.tolist(),
            "per_class": per_class,
            "calibration": {"bins": bins, "expected_error": evaluation.expected_error},
            "worst": evaluation.worst,
            "mistakes": evaluation.mistakes,
        }
    )


def comparison_body(comparison: Comparison, a: str, b: str) -> bytes:
    """The body of a `ComparisonBody` of two models, by their ids."""
    own = dict(vars(comparison))
    of_a, of_b = own.pop("accuracies")
    return orjson.dumps(
        {
            "a": {"model_id": a, "accuracy": of_a},
            "b": {"model_id": b, "accuracy": of_b},
            **own,
        }
    )
