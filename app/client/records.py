"""What all answers share: a record takes fields that it does not know, and keeps them."""

from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

Json = dict[str, Any]
Item = TypeVar("Item")


class Record(BaseModel):
    """An answer of the service; what a newer one adds is kept as an attribute."""

    model_config = ConfigDict(extra="allow", protected_namespaces=(), populate_by_name=True)

    def as_json(self) -> Json:
        """The same as the service sent it."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def __repr_args__(self) -> Any:
        """What a person is shown: of what has an id, only what tells it from others."""
        if "id" not in type(self).model_fields:
            return super().__repr_args__()
        named = [(name, getattr(self, name, None)) for name in ("id", "status", "name")]
        return [pair for pair in named if pair[1] is not None]

    def _become(self, newer: Self) -> None:
        """Take over what a newer answer says of the same thing."""
        self.__dict__.update(newer.__dict__)
        self.__pydantic_extra__ = newer.__pydantic_extra__
        self.__pydantic_fields_set__ = newer.__pydantic_fields_set__


class Page(Record, Generic[Item]):
    """A part of a list."""

    data: list[Item]
    next_cursor: str | None
