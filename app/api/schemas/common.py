"""What all responses share."""

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

Item = TypeVar("Item")
Time = Annotated[str, Field(description="RFC 3339, UTC.", examples=["2026-11-24T12:00:00.000000Z"])]


class Body(BaseModel):
    """A response; a client must tolerate fields that it does not know."""

    model_config = ConfigDict(protected_namespaces=())


class ListBody(Body, Generic[Item]):
    """A page of a list, newest first."""

    model_config = ConfigDict(json_schema_extra={"description": "A page of a list."})

    data: list[Item] = Field(description="The items of this page.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last."
    )


class ErrorItem(Body):
    """One thing that is wrong with a request."""

    loc: list[str | int] = Field(description="Where in the body that was sent.")
    msg: str = Field(description="What was got and what was expected.")
    type: str = Field(description="The kind of mistake, for programs.")


class Problem(Body):
    """RFC 9457: why a request failed."""

    type: str = Field(description="The kind of problem, as a relative address.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time.")
    request_id: str = Field(description="The same as in the header X-Request-ID.")
    errors: list[ErrorItem] | None = Field(None, description="What to change in the request.")
    allowed_from: list[str] | None = Field(
        None, description="The states from which the action is possible."
    )


JsonObject = dict[str, Any]


class As:
    """Has the document describe a value by another type; nothing is checked anew."""

    def __init__(self, kind: Any) -> None:
        self._schema = TypeAdapter(kind).core_schema

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(self._schema)
