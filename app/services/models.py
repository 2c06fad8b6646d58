"""Models: evaluate, compare and delete them, and move aliases between them."""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

import engine
from app.domain import ids
from app.domain.datasets import Dataset, Split
from app.domain.errors import InvalidInput, NotFound, StateConflict
from app.domain.records import Alias, Model
from app.services.registry import LATEST
from app.services.serving import LoadedModel
from app.store import aliases, datasets, models
from app.store.chunks import Examples
from app.store.database import Connection
from app.vision import render
from engine import evaluation
from engine.arrays import Array, Labels
from engine.batches import Samples
from engine.evaluation import CalibrationBin, ClassScore
from engine.losses import CrossEntropy
from engine.parallel import Team

WORST = 50
"""How many of the worst samples an evaluation names."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A sample whose own class was found improbable.

    Attributes:
        index: Its place in the split.
        label: What it is.
        predicted: What was read.
        probability: How probable its own class was found.
        confidence: How probable what was read was found.
    """

    index: int
    label: str
    predicted: str
    probability: float
    confidence: float


@dataclass(frozen=True)
class Evaluation:
    """What a model is worth on a split of a dataset."""

    accuracy: float
    loss: float
    samples: int
    confusion_matrix: Labels
    per_class: list[ClassScore]
    bins: list[CalibrationBin]
    expected_error: float
    worst: list[Mistake]
    mistakes: list[Mistake]


def find(connection: Connection, model_id: str) -> Model:
    """A model, or NotFound."""
    model = models.get(connection, model_id)
    if model is None:
        raise NotFound("model", model_id)
    return model


def delete(connection: Connection, model_id: str) -> None:
    """Remove a model that no alias points at."""
    model = models.hold(connection, model_id)
    if model is None:
        raise NotFound("model", model_id)
    pointing = aliases.pointing_at(connection, model_id)
    if pointing:
        raise StateConflict(f"model {model_id} is served as {', '.join(pointing)}; move it first")
    models.delete(connection, model)


def check_alias_name(alias: str, loc: tuple[str, ...]) -> None:
    """Refuse a name that means something else already."""
    taken = {LATEST: "always names the newest model", "stats": "is the path of all statistics"}
    reason = "has the form of an id" if ids.is_id(alias) else taken.get(alias)
    if reason:
        raise InvalidInput.at(loc, f"{alias!r} {reason}; choose another name", "reserved_name")


def point_alias(connection: Connection, alias: str, model_id: str) -> Alias:
    """Point an alias at a model."""
    if models.hold(connection, model_id) is None:
        raise InvalidInput.at(("model_id",), f"there is no model {model_id!r}", "unknown_model")
    return aliases.point(connection, alias, model_id)


def find_alias(connection: Connection, alias: str) -> Alias:
    """An alias, or NotFound; `latest` has no past."""
    if alias == LATEST:
        newest = models.page(connection, None, 1).records
        if newest:
            at = newest[0].created_at
            return Alias(alias=LATEST, model_id=newest[0].id, updated_at=at, past=[])
    found = aliases.get(connection, alias)
    if found is None:
        raise NotFound("alias", alias)
    return found


def fitting(connection: Connection, name: str, split: Split, *models: LoadedModel) -> Dataset:
    """A dataset whose samples some models can read and whose classes are theirs.

    Raises:
        InvalidInput: There is no such dataset, or it is not of their kind.
    """
    dataset = datasets.get(connection, name)
    if dataset is None:
        raise InvalidInput.at(("dataset",), f"there is no dataset {name!r}", "unknown_dataset")
    if not dataset.contents[split].samples:
        msg = f"dataset {name!r} has no {split} samples"
        raise InvalidInput.at(("split",), msg, "empty_split")
    for loaded in models:
        _check_fit(loaded, dataset)
    return dataset


def _check_fit(loaded: LoadedModel, dataset: Dataset) -> None:
    if dataset.sample_shape != loaded.input_shape or loaded.reconstructs:
        raise InvalidInput.at(
            ("dataset",),
            f"dataset {dataset.name!r} has samples of shape {list(dataset.sample_shape)} and "
            f"classes, the model takes {list(loaded.input_shape)}"
            + (" and reproduces its input" if loaded.reconstructs else ""),
            "shape_mismatch",
        )
    if dataset.classes != loaded.model.classes:
        theirs, own = (", ".join(names)[:300] for names in (dataset.classes, loaded.model.classes))
        raise InvalidInput.at(
            ("dataset",),
            f"dataset {dataset.name!r} has the classes {theirs}; the model's are {own}",
            "classes_mismatch",
        )


def evaluate(loaded: LoadedModel, examples: Examples) -> Evaluation:
    """Read every sample of a split that fits, and compare with its label."""
    classes = loaded.model.classes
    p = _probabilities(loaded, examples)
    losses = CrossEntropy().forward(p, examples.labels)
    predicted = p.argmax(axis=1)
    confusion = evaluation.confusion_matrix(examples.labels, predicted, len(classes))
    bins = evaluation.calibration(p, examples.labels)
    misread = predicted != examples.labels
    by_loss = np.argsort(-losses, kind="stable")

    def as_mistake(i: int) -> Mistake:
        return Mistake(
            index=i,
            label=classes[examples.labels[i]],
            predicted=classes[predicted[i]],
            probability=float(p[i, examples.labels[i]]),
            confidence=float(p[i, predicted[i]]),
        )

    return Evaluation(
        accuracy=float(np.mean(~misread)),
        loss=float(np.mean(losses, dtype=np.float64)),
        samples=len(p),
        confusion_matrix=confusion,
        per_class=evaluation.class_scores(confusion),
        bins=bins,
        expected_error=evaluation.calibration_error(bins),
        worst=[as_mistake(int(i)) for i in by_loss[:WORST]],
        mistakes=[as_mistake(int(i)) for i in by_loss[misread[by_loss]]],
    )


def _probabilities(loaded: LoadedModel, examples: Examples) -> Array:
    """What a model makes of every sample: (samples, classes)."""
    samples = Samples(examples.images, examples.labels)
    with Team(1) as team:
        everything = np.arange(len(samples))
        return evaluation.outputs(loaded.network.layers, samples, everything, team)


MAX_FILTERS = 1024
"""How many are drawn; a layer that has more is drawn so far."""


def filters(loaded: LoadedModel) -> Array:
    """What each unit of the first layer with weights looks for: a sheet of images in 0..1.

    Raises:
        StateConflict: It has no weights that are images.
    """
    image = loaded.input_shape if len(loaded.input_shape) == 3 else None
    for layer in loaded.network.layers:
        if isinstance(layer, engine.Conv2DLayer):
            weights = layer.kernel.mean(axis=2).transpose(2, 0, 1)
            return render.tiles(weights[:MAX_FILTERS])
        if isinstance(layer, engine.DenseLayer) and image and layer.input_dim == math.prod(image):
            weights = layer.W.T.reshape(-1, *image).mean(axis=1)
            return render.tiles(weights[:MAX_FILTERS])
        if layer.parameter_names and not layer.buffer_names:
            break
    raise StateConflict("the first layer of this network has no weights that are images")


@dataclass(frozen=True, slots=True)
class Difference:
    """A sample of which two models say different things: what it is, and what each says."""

    index: int
    label: str
    a: str
    b: str


@dataclass(frozen=True)
class Comparison:
    """Two models on the same samples.

    Attributes:
        accuracies: Of a and of b.
        both_right: How many samples both read right.
        both_wrong: How many neither does.
        only_a_right: How many a alone does.
        only_b_right: How many b alone does.
        p_value: How probable so large a difference of the two is where there is none (McNemar's
            exact test, 1947).
        disagreements: The indices of the samples of which they say different things.
        differences: The same with what they say.
    """

    accuracies: tuple[float, float]
    both_right: int
    both_wrong: int
    only_a_right: int
    only_b_right: int
    p_value: float
    disagreements: list[int]
    differences: list[Difference]


def compare(a: LoadedModel, b: LoadedModel, examples: Examples) -> Comparison:
    """Read every sample of a split that fits with both models."""
    says_a, says_b = (_probabilities(loaded, examples).argmax(axis=1) for loaded in (a, b))
    right_a, right_b = says_a == examples.labels, says_b == examples.labels
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    apart = [int(i) for i in np.flatnonzero(says_a != says_b)]
    classes = a.model.classes
    return Comparison(
        accuracies=(float(right_a.mean()), float(right_b.mean())),
        both_right=int(np.sum(right_a & right_b)),
        both_wrong=int(np.sum(~right_a & ~right_b)),
        only_a_right=only_a,
        only_b_right=only_b,
        p_value=mcnemar(only_a, only_b),
        disagreements=apart,
        differences=[
            Difference(i, *(classes[says[i]] for says in (examples.labels, says_a, says_b)))
            for i in apart
        ],
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """The two-sided exact p-value: heads and tails of only_a + only_b throws of a fair coin."""
    throws = only_a + only_b
    ways = one = 1
    for k in range(min(only_a, only_b)):  # each from the one before: anew, they would take minutes
        one = one * (throws - k) // (k + 1)
        ways += one
    return min(1.0, float(Fraction(2 * ways, 2**throws)))
