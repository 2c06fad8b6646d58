"""Bodies of the Open Inference Protocol v2. What is sent is described here, and read elsewhere."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from app.api.schemas.common import Body
from app.formats.tensors_v2 import DATATYPES, MAX_DIMENSIONS

MAX_OUTPUTS = 8
"""The one output may be asked for in several forms."""


def _absent(schema: dict[str, Any]) -> None:
    """What is not sent is not null either."""
    del schema["default"]


Natural = Annotated[int, Field(ge=0)]


class Failure(Body):
    """Why a request failed."""

    error: str = Field(description="What was got and what was expected.")
    request_id: str = Field(description="The same as in the header X-Request-ID.")
    sample: dict[str, Any] | None = Field(None, description="A body that would have been taken.")


class HealthBody(Body):
    """Whether the service lives, and can infer."""

    live: bool = Field(description="The process answers.")
    ready: bool = Field(description="It can infer.")


class ServerBody(Body):
    """What the server is."""

    name: str = Field(description="Its name.")
    version: str = Field(description="Its version.")
    extensions: list[str] = Field(description="What it can beyond the protocol, by Triton's names.")


class ModelNamesBody(Body):
    """The models."""

    models: list[str] = Field(description="Ids, newest first, and aliases.")


class TensorBody(Body):
    """An input or an output."""

    name: str = Field(description="Its name.")
    datatype: str = Field(description="Its datatype.")
    shape: list[int] = Field(description="Its shape; -1 is any number of rows.")


class MetadataBody(Body):
    """What a model takes and gives."""

    name: str = Field(description="The name that it was asked by.")
    versions: list[str] = Field(description="Its versions that are there, newest first.")
    platform: str = Field(description="What runs it, and its format.")
    inputs: list[TensorBody] = Field(description="What it takes.")
    outputs: list[TensorBody] = Field(description="What it gives.")
    properties: dict[str, str] = Field(description="Its id, labels, preprocessing and weights.")


class ModelReadyBody(Body):
    """Whether a model can be asked."""

    name: str = Field(description="The name that it was asked by.")
    ready: bool = Field(description="It can.")


class ParametersBody(Body):
    """What is said of a tensor, or of a request."""

    model_config = ConfigDict(extra="allow")

    binary_data: bool | None = Field(None, description="Of an output: as raw bytes.")
    binary_data_size: Natural | None = Field(
        None, description="So many bytes behind the JSON are this tensor."
    )
    classification: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Of an output: so many of the most probable classes, not all numbers."
    )
    binary_data_output: bool | None = Field(
        None, description="Of a request: every output as raw bytes."
    )
    timeout: Natural | None = Field(
        None, description="Of a request: microseconds that it may wait at most."
    )
    priority: Natural | None = Field(None, description="Of a request; all have the same here.")


class InputTensorBody(Body):
    """An input that is sent."""

    name: Literal["input"] = Field(description="Its name; every model has this one.")
    datatype: str = Field(
        description="FP32 0..1, UINT8 0..255; BYTES: images.",
        json_schema_extra={"enum": list(DATATYPES)},
    )
    shape: Annotated[
        list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=MAX_DIMENSIONS)
    ] = Field(description="Rows first.")
    data: list[Any] | SkipJsonSchema[None] = Field(
        None,
        description="The elements, flat or nested, row-major; images as base64.",
        json_schema_extra=_absent,
    )
    parameters: ParametersBody | None = Field(None, description="What is said of it.")


class OutputWantedBody(Body):
    """An output that is asked for."""

    name: Literal["probabilities", "reconstruction"] = Field(description="Its name.")
    parameters: ParametersBody | None = Field(None, description="In what form.")


class InferRequest(Body):
    """What a model is asked."""

    id: str | None = Field(None, description="Is said again in the answer.")
    parameters: ParametersBody | None = Field(None, description="What is said of the request.")
    inputs: Annotated[list[InputTensorBody], Field(min_length=1, max_length=1)] = Field(
        description="The one input."
    )
    outputs: Annotated[list[OutputWantedBody], Field(max_length=MAX_OUTPUTS)] | None = Field(
        None, description="The one output, in as many forms as are wanted."
    )


class OutputTensorBody(Body):
    """An output."""

    name: str = Field(description="Its name.")
    datatype: str = Field(description="FP32; BYTES where classes were asked for.")
    shape: list[int] = Field(description="Rows first.")
    data: list[Any] | SkipJsonSchema[None] = Field(
        None,
        description="Its elements, row-major; not there where they are raw bytes.",
        json_schema_extra=_absent,
    )
    parameters: ParametersBody | SkipJsonSchema[None] = Field(
        None, description="`binary_data_size`, where they are raw bytes.", json_schema_extra=_absent
    )


class InferResponse(Body):
    """What a model gave."""

    model_name: str = Field(description="As it was asked by.")
    model_version: str = Field(description="Which version was asked.")
    id: str | SkipJsonSchema[None] = Field(
        None, description="The request's.", json_schema_extra=_absent
    )
    parameters: dict[str, str | float] = Field(description="`model_id`, times, warnings.")
    outputs: list[OutputTensorBody] = Field(description="As many as were asked for.")


class IndexBody(Body):
    """A version of a model in the repository."""

    name: str = Field(description="An id or an alias.")
    version: str = Field(description="Its newest version.")
    state: Literal["READY", "UNAVAILABLE"] = Field(description="Whether it is ready.")
    reason: str = Field(description="Why it is not.")
