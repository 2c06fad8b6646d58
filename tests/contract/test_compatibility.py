"""What is said to break clients does, and nothing else is."""

from copy import deepcopy
from typing import Any

import pytest

from tests.contract.compatibility import breaks, may_break

DOCUMENT: dict[str, Any] = {
    "info": {"version": "0.1.0"},
    "paths": {
        "/things": {
            "post": {
                "operationId": "things_create",
                "parameters": [
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 9}}
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                    }
                },
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Made"}}
                        },
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string"},
                    "colour": {"type": "string", "enum": ["red", "blue"]},
                    "inside": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/Thing"},
                            {"$ref": "#/components/schemas/Box"},
                        ]
                    },
                },
            },
            "Box": {"type": "object", "properties": {"size": {"type": "integer"}}},
            "Made": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "parts": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"n": {"type": "integer"}}},
                    },
                },
            },
        }
    },
}

OPERATION = "paths /things post"
THING = "components schemas Thing"
MADE = "components schemas Made"


def changed(place: str, **entries: Any) -> dict[str, Any]:
    """The document with other entries at a place; None removes one."""
    document = deepcopy(DOCUMENT)
    here: Any = document
    for step in place.split():
        here = here[int(step)] if isinstance(here, list) else here[step]
    for name, value in entries.items():
        if value is None:
            del here[name]
        else:
            here[name] = value
    return document


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (changed("paths /things", post=None), "things_create: POST /things is gone"),
        (changed(OPERATION, operationId="make"), "things_create: is called make now"),
        (changed(OPERATION, parameters=[]), "things_create: takes no query parameter limit"),
        (
            changed(f"{OPERATION} parameters 0", required=True),
            "things_create: query parameter limit is needed now",
        ),
        (changed(f"{OPERATION} parameters 0 schema", maximum=5), "limit: maximum is 5 now"),
        (changed(f"{OPERATION} responses", **{"200": None}), "200: is not answered any more"),
        (changed(f"{OPERATION} responses 200", headers={}), "200: has no header ETag any more"),
        (changed(THING, required=["name", "colour"]), "request: colour is needed now"),
        (changed(f"{THING} properties", colour=None), "request: takes no colour any more"),
        (
            changed(f"{THING} properties colour", enum=["red"]),
            "request.colour: 'blue' is not taken any more",
        ),
        (changed(f"{THING} properties name", type="integer"), "request.name: is integer in place"),
        (changed(f"{THING} properties name", pattern="^a"), "request.name: has the pattern ^a now"),
        (changed(f"{THING} properties name", minLength=1), "request.name: minLength is 1 now"),
        (
            changed(f"{THING} properties inside", oneOf=[{"$ref": "#/components/schemas/Box"}]),
            "request.inside: takes no Thing any more",
        ),
        (changed(f"{MADE} properties", id=None), "200: has no id any more"),
        (changed(MADE, required=[]), "200: id may be missing now"),
        (changed(f"{MADE} properties id", type="integer"), "200.id: is integer in place of string"),
        (
            changed(f"{MADE} properties parts items", properties={}),
            "200.parts[]: has no n any more",
        ),
    ],
)
def test_what_breaks_clients_is_named(document: dict[str, Any], what: str) -> None:
    assert any(what in line for line in breaks(DOCUMENT, document)), breaks(DOCUMENT, document)


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT,
        changed("paths", **{"/more": {"get": {"operationId": "more", "responses": {}}}}),
        changed(f"{OPERATION} parameters 0 schema", maximum=50),
        changed(f"{THING} properties", size={"type": "integer"}),
        changed(f"{THING} properties colour", enum=["red", "blue", "green"]),
        changed(f"{MADE} properties", more={"type": "string"}),
        changed(MADE, required=["id", "parts"]),
    ],
)
def test_what_is_new_breaks_nobody(document: dict[str, Any]) -> None:
    assert breaks(DOCUMENT, document) == []


@pytest.mark.parametrize(
    ("old", "new", "may"),
    [
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("1.2.0", "1.3.0", False),
        ("1.2.0", "2.0.0", True),
    ],
)
def test_a_version_says_whether_clients_may_be_broken(old: str, new: str, may: bool) -> None:
    assert may_break(old, new) == may
