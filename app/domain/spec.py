"""The base of everything that a client writes as JSON: strict, closed, immutable."""

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Unknown fields are refused, "3" is no number, NaN is no number either."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def field_names(kind: type[Spec] = Spec) -> set[str]:
    """Every field that some spec has: what an unknown one may have been meant to be."""
    return set(kind.model_fields).union(*(field_names(sub) for sub in kind.__subclasses__()))
