"""The parts of an OpenAPI document that tests look at, and its schemas as validators."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import Draft202012Validator

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """An operation of a document."""

    method: str
    path: str
    body: Json

    def __str__(self) -> str:
        return str(self.body["operationId"])

    @property
    def sends(self) -> dict[str, Json]:
        """What its request may be, by media type."""
        content: dict[str, Json] = self.body.get("requestBody", {}).get("content", {})
        return content


@dataclass(frozen=True)
class Document:
    """A document, with its references followed."""

    json: Json

    def operations(self) -> Iterator[Operation]:
        for path, methods in self.json["paths"].items():
            for method, operation in methods.items():
                yield Operation(method, path, operation)

    def resolved(self, part: Json) -> Json:
        while "$ref" in part:
            here: Any = self.json
            for step in part["$ref"].removeprefix("#/").split("/"):
                here = here[step]
            part = here
        return part

    def errors(self, schema: Json, value: Any) -> list[str]:
        """What is wrong with a value by a schema of the document."""
        validator = Draft202012Validator({**schema, "components": self.json["components"]})
        return [error.message for error in validator.iter_errors(value)]

    def properties(self) -> Iterator[tuple[str, Json]]:
        """Every field of every object, wherever it is described, with its place."""
        yield from _properties(self.json, "")

    def schemas(self) -> Iterator[tuple[str, Json]]:
        """Every object of the document that could be a schema, with its place."""
        yield from _objects(self.json, "")

    def contents(self) -> Iterator[tuple[str, str, Json]]:
        """Every media type of every request and answer, with its place."""
        for operation in self.operations():
            for media_type, content in operation.sends.items():
                yield f"{operation} request", media_type, content
            for status, response in operation.body["responses"].items():
                for media_type, content in response.get("content", {}).items():
                    yield f"{operation} {status}", media_type, content


def examples(content: Json) -> list[Any]:
    """The examples of a media type that stand in the document."""
    one = [content["example"]] if "example" in content else []
    many = [one["value"] for one in content.get("examples", {}).values() if "value" in one]
    return [*one, *many, *content["schema"].get("examples", [])]


def _objects(part: Any, place: str) -> Iterator[tuple[str, Json]]:
    if isinstance(part, list):
        for i, one in enumerate(part):
            yield from _objects(one, f"{place}/{i}")
    elif isinstance(part, dict):
        yield place, part
        for name, one in part.items():
            if name not in ("example", "examples", "default", "const", "enum"):
                yield from _objects(one, f"{place}/{name}")


def _properties(part: Any, place: str) -> Iterator[tuple[str, Json]]:
    for where, one in _objects(part, place):
        if isinstance(one.get("properties"), dict) and not where.endswith("/properties"):
            for name, field in one["properties"].items():
                yield f"{where}/{name}", field
