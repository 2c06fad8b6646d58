"""How training images are changed, as a client chooses it."""

from typing import Annotated

from pydantic import Field

import engine.augmentation
from app.domain.spec import Spec

_Degrees = Annotated[float, Field(ge=0, le=180)]
_Pixels = Annotated[float, Field(ge=0, le=100)]


class Augmentation(Spec):
    """Small changes that leave an image's meaning; every epoch sees other ones.

    Each value is a bound that is drawn from evenly, to both sides; 0 switches a change off.
    """

    rotate: _Degrees = Field(0.0, description="The largest rotation, in degrees.")
    translate: _Pixels = Field(0.0, description="The largest shift along each axis, in pixels.")
    scale: Annotated[float, Field(ge=0, le=0.9)] = Field(
        0.0, description="The largest change of size, as a fraction: 0.1 is 10 % either way."
    )
    shear: Annotated[float, Field(ge=0, le=60)] = Field(
        0.0, description="The largest slant, in degrees."
    )
    elastic: _Pixels = Field(
        0.0, description="The largest displacement by a smooth random field, in pixels."
    )
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="The standard deviation of what is added to every pixel."
    )
    cutout: Annotated[int, Field(ge=0, le=100)] = Field(
        0, description="The side of a square that is blackened around a random pixel."
    )

    def build(self) -> engine.augmentation.Augmentation | None:
        """The engine's augmentation; None where everything is off."""
        values = self.model_dump()
        return engine.augmentation.Augmentation(**values) if any(values.values()) else None


AUGMENTATIONS = Augmentation.model_json_schema()["properties"]
"""The JSON Schema of every change by its name."""
