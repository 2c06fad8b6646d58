"""Bodies of predictions. What is sent is described here and read faster elsewhere."""

from typing import Annotated

from pydantic import Field, RootModel

from app.api.schemas.common import Body
from app.domain.drawings import Drawing
from app.domain.spec import Spec
from app.services.predictions import MAX_INSTANCES, EncodedImage

Number = Annotated[float, Field(ge=0, le=1)]
Numbers = list[Number] | list[list[Number]] | list[list[list[Number]]]
"""An input of one to three dimensions."""


class ArraysRequest(Body):
    """Numbers or encoded images, as TensorFlow Serving takes them."""

    instances: Annotated[
        list[Numbers | EncodedImage], Field(min_length=1, max_length=MAX_INSTANCES)
    ] = Field(description="What to read: numbers 0..1 in the model's input shape or flat; images.")


class PredictRequest(Spec):
    """What a model is to read."""

    instances: Annotated[
        list[Numbers | EncodedImage | Drawing], Field(min_length=1, max_length=MAX_INSTANCES)
    ] = Field(
        description="What to read: numbers 0..1 in the model's input shape or flat; images; what "
        "a pen drew."
    )


Row = Annotated[list[Number], Field(min_length=1)]


class InputsRequest(Body):
    """A batch, as MLflow takes it."""

    inputs: (
        Annotated[list[Numbers | EncodedImage], Field(min_length=1, max_length=MAX_INSTANCES)] | Row
    ) = Field(description="What to read; or one flat input.")


class SplitTable(Body):
    """A table without the names of its columns."""

    data: Annotated[list[Row], Field(min_length=1, max_length=MAX_INSTANCES)] = Field(
        description="A row for each input."
    )


class SplitRequest(Body):
    """A table, as pandas writes it split."""

    dataframe_split: SplitTable = Field(description="The table.")


class RecordsRequest(Body):
    """A table, as pandas writes it in records."""

    dataframe_records: Annotated[
        list[Annotated[dict[str, Number], Field(min_length=1)]],
        Field(min_length=1, max_length=MAX_INSTANCES),
    ] = Field(description="Rows that name their columns, all of them the same.")


class InvocationRequest(RootModel[InputsRequest | ArraysRequest | SplitRequest | RecordsRequest]):
    """One of four forms."""


class OutputsBody(Body):
    """What a model makes of every input."""

    predictions: list[list[float] | list[list[float]] | list[list[list[float]]]] = Field(
        description="For each its probabilities, or its reconstruction."
    )


class RankedBody(Body):
    """A class and how probable it is."""

    label: str = Field(description="The class.")
    probability: float = Field(description="How probable.")


class ActivationBody(Body):
    """What a layer made of an input."""

    index: int = Field(description="The layer's place in the network.")
    type: str = Field(description="Its type.")
    output_shape: list[int] = Field(description="The shape of what it gave.")
    image: str = Field(description="The same as a PNG in a data URL: a tile for each channel.")


class PredictionBody(Body):
    """What a model reads in one input."""

    label: str | None = Field(None, description="The most probable class.")
    confidence: float | None = Field(None, description="How probable it is.")
    probabilities: list[float] | None = Field(
        None, description="Of every class, in the order of the model's `classes`."
    )
    top_k: list[RankedBody] | None = Field(None, description="The most probable classes.")
    is_digit: float | None = Field(
        None,
        description="How much it looks like the model's training set, from 0 to 1: of that, 99 of "
        "100 are above 0.5. Null where an imported model does not know.",
    )
    filename: str | None = Field(None, description="The file that it was read from.")
    warnings: list[str] = Field(
        default=[],
        description="What was unusual about an image: `inverted` (the ink was darker than the "
        "paper), `cut_off` (it touches the border), `several_blobs` (perhaps two digits), "
        "`thin_pen` or `thick_pen` (its lines were drawn anew).",
    )
    preprocessed: str | None = Field(
        None, description="What the network saw, as a PNG in a data URL."
    )
    saliency: str | None = Field(
        None, description="How much each pixel mattered for the class, as a PNG in a data URL."
    )
    activations: list[ActivationBody] | None = Field(
        None, description="What every layer made of it."
    )
    reconstruction: str | None = Field(
        None, description="What a model that learnt its input makes of it, in a data URL."
    )
    reconstruction_error: float | None = Field(
        None, description="The mean squared difference of the two."
    )


class PredictionsBody(Body):
    """What a model reads in every input of a request, in their order."""

    model_id: str = Field(description="The model that read them.")
    predictions: list[PredictionBody] = Field(description="One for each input.")
