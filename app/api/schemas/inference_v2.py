"""Bodies of the Open Inference Protocol v2."""

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.common import Body


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


class IndexBody(Body):
    """A version of a model in the repository."""

    name: str = Field(description="An id or an alias.")
    version: str = Field(description="Its newest version.")
    state: Literal["READY", "UNAVAILABLE"] = Field(description="Whether it is ready.")
    reason: str = Field(description="Why it is not.")
