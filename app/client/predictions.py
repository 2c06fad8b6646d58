"""Predictions: what they are, and the conversations about them."""

from collections.abc import Sequence
from urllib.parse import quote

from pydantic import Field

from app.client.calls import Steps, ask
from app.client.inputs import Input, as_image, as_instance, is_image
from app.client.records import Record

MOST_INPUTS = 100
"""So many inputs are sent at a time: well below what the service takes."""


class Ranked(Record):
    """A class and how probable it is, 0 to 1."""

    label: str
    probability: float


class Activation(Record):
    """What a layer made of an input; `image` is a PNG in a data URL."""

    index: int
    type: str
    output_shape: list[int]
    image: str


class Prediction(Record):
    """What a model reads in one input.

    Attributes:
        label: The most probable class; None for a model that learnt its input.
        confidence: How probable it is, 0 to 1.
        probabilities: Of every class, in the order of the model's `classes`.
        top_k: The most probable classes.
        is_digit: How much it looks like what the model was trained on, 0 to 1; None: not known.
        filename: The file that it was read from.
        warnings: What was unusual about an image, as `inverted`.
        preprocessed: What the network saw, as a PNG in a data URL; where it was asked for.
        saliency: How much each pixel mattered, likewise.
        activations: What every layer made of it, likewise.
        reconstruction: What a model that learnt its input makes of it, in a data URL.
        reconstruction_error: The mean squared difference of the two.
    """

    label: str | None = None
    confidence: float | None = None
    probabilities: list[float] | None = None
    top_k: list[Ranked] | None = None
    is_digit: float | None = None
    filename: str | None = None
    warnings: list[str] = Field(default_factory=list)
    preprocessed: str | None = None
    saliency: str | None = None
    activations: list[Activation] | None = None
    reconstruction: str | None = None
    reconstruction_error: float | None = None


class Predictions(Record):
    """What a model reads in every input of a request, in their order."""

    model_id: str
    predictions: list[Prediction]


def predict(
    model: str, inputs: Sequence[Input], top_k: int, include: Sequence[str]
) -> Steps[list[Prediction]]:
    """Read any number of inputs, in requests that the service takes.

    Args:
        model: An id or an alias.
        inputs: What to read.
        top_k: How many classes to name.
        include: More to answer: preprocessed, saliency, activations.
    """
    path = f"/v1/models/{quote(model, safe='')}/predict"
    params = {"top_k": top_k, "include": ",".join(include)}
    read: list[Prediction] = []
    for first in range(0, len(inputs), MOST_INPUTS):
        part = inputs[first : first + MOST_INPUTS]
        if all(map(is_image, part)):
            files = [("files", as_image(one)) for one in part]
            answer = yield from ask(Predictions, path, params=params, files=files)
        else:
            body = {"instances": [as_instance(one) for one in part]}
            answer = yield from ask(Predictions, path, body, params=params)
        read += answer.predictions
    return read
