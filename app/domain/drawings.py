"""What a pen drew, as a client sends it."""

from typing import Annotated

from pydantic import Field

from app.domain.spec import Spec

MAX_POINTS = 100_000
MAX_STROKES = 1000
"""Points of a stroke can be thinned out, strokes cannot."""

Coordinate = Annotated[float, Field(ge=-1e9, le=1e9)]
Point = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]


class Drawing(Spec):
    """What a pen drew."""

    strokes: Annotated[list[list[Point]], Field(max_length=MAX_STROKES)] = Field(
        description="Each stroke is a list of [x, y], y downwards, in any unit.",
        examples=[[[[10, 10], [60, 10], [30, 80]]]],
    )

    @property
    def points(self) -> int:
        """How many there are in all strokes."""
        return sum(map(len, self.strokes))

    @property
    def lines(self) -> list[list[tuple[float, float]]]:
        """The strokes as pairs."""
        return [[(x, y) for x, y in stroke] for stroke in self.strokes]
