"""What a text that a person chose may hold: names, notes and tags are kept as they were sent."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from app.domain.ids import NAME_PATTERN


def _printable(allowed: str, text: str) -> str:
    for position, character in enumerate(text):
        if (ord(character) < 32 or 0x7F <= ord(character) < 0xA0) and character not in allowed:
            raise PydanticCustomError(
                "control_character",
                "control characters are not allowed, got U+{code} at position {position}",
                {"code": f"{ord(character):04X}", "position": position},
            )
    return text


def _line(text: str) -> str:
    return _printable("", text)


def _lines(text: str) -> str:
    return _printable("\n\t", text)


def _shown(pattern: str) -> Any:
    """What the JSON Schema says of the characters; pydantic's own error would not name one."""
    return Field(json_schema_extra={"pattern": pattern})


_LINE = _shown(r"^[^\u0000-\u001f\u007f-\u009f]*$")
_LINES = _shown(r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$")

Name = Annotated[str, Field(min_length=1, max_length=120), _LINE, AfterValidator(_line)]
Notes = Annotated[str, Field(max_length=10_000), _LINES, AfterValidator(_lines)]
Tag = Annotated[str, Field(min_length=1, max_length=64), _LINE, AfterValidator(_line)]
Tags = Annotated[list[Tag], Field(max_length=16)]
ResourceName = Annotated[str, Field(pattern=NAME_PATTERN)]


def check_name(text: str) -> str:
    """A name as it is, where it is one.

    Raises:
        ValueError: It is none; says why.
    """
    try:
        return _NAMES.validate_python(text)
    except ValidationError as error:
        raise ValueError(f"the name cannot be taken: {error.errors()[0]['msg']}") from error


_NAMES: TypeAdapter[str] = TypeAdapter(Name)
