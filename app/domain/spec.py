"""The base of everything that a client writes as JSON: strict, closed, immutable."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, lt=1)]
"""A part of a whole that is never all of it."""


def _say_what_a_type_is(schema: dict[str, Any]) -> None:
    kind = schema.get("properties", {}).get("type", {})
    if "const" in kind:
        kind["description"] = "Which kind this is."


class Spec(BaseModel):
    """Unknown fields are refused, "3" is no number, NaN is no number either."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        json_schema_extra=_say_what_a_type_is,
    )


def field_names(kind: type[Spec] = Spec) -> set[str]:
    """Every field that some spec has: what an unknown one may have been meant to be."""
    return set(kind.model_fields).union(*(field_names(sub) for sub in kind.__subclasses__()))


def json_schema(kind: type[Spec]) -> dict[str, Any]:
    """A spec's JSON Schema; one that holds others of its own kind is still said at the top."""
    schema = kind.model_json_schema()
    if "$ref" not in schema:
        return schema
    itself = schema["$defs"][schema.pop("$ref").rsplit("/", 1)[-1]]
    return {**itself, **schema}
