"""What a client says of a dataset that is to be made."""

import math
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.domain.datasets import CHUNK_BYTES
from app.domain.errors import InvalidInput
from app.domain.spec import Spec
from app.domain.text import Name, ResourceName


def _distinct(classes: list[str]) -> list[str]:
    for i, name in enumerate(classes):
        if name in classes[:i]:
            raise PydanticCustomError(
                "duplicate_class", "class {name} is there twice", {"name": repr(name)}
            )
    return classes


def _small(shape: list[int]) -> list[int]:
    if math.prod(shape) > CHUNK_BYTES:
        raise PydanticCustomError(
            "sample_too_large",
            "a sample has at most {most} numbers, got {got}",
            {"most": CHUNK_BYTES, "got": math.prod(shape)},
        )
    return shape


Classes = Annotated[list[Name], Field(min_length=1, max_length=10_000), AfterValidator(_distinct)]
SampleShape = Annotated[
    list[Annotated[int, Field(ge=1, le=CHUNK_BYTES)]],
    Field(min_length=1, max_length=3),
    AfterValidator(_small),
]


class DatasetRequest(Spec):
    """A dataset without samples, or a copy of another; either way samples can be added to it."""

    name: ResourceName = Field(description="Its name, in lower case.", examples=["corrections"])
    sample_shape: SampleShape | None = Field(
        None, description="The shape of a sample: [channels, height, width]."
    )
    classes: Classes | None = Field(
        None, description="The labels, in the order of a network's outputs."
    )
    source: ResourceName | None = Field(
        None,
        alias="from",
        description="A dataset to copy; its samples are shared, not stored anew.",
    )

    def check(self) -> None:
        """Refuse what is neither described nor copied, or both.

        Raises:
            InvalidInput: At the field that has to come or go.
        """
        for field in ("sample_shape", "classes"):
            missing = getattr(self, field) is None
            if self.source is not None and not missing:
                msg = f"a copy has its source's {field}; leave it out, or leave out from"
                raise InvalidInput.at((field,), msg, "copy_or_new")
            if self.source is None and missing:
                msg = f"{field} is missing; send sample_shape and classes, or from"
                raise InvalidInput.at((field,), msg, "missing")


class UploadForm(Spec):
    """What stands beside an uploaded file."""

    name: ResourceName = Field(description="Its name, in lower case.")
    classes: Classes | None = Field(
        None,
        description="The labels by their numbers, as JSON; by default the digits, or as many "
        "numbers as there are. A zip of folders has its own.",
    )


class SampleForm(Spec):
    """What stands beside the image of a sample."""

    label: Name = Field(description="Its class, by name.")
