"""The OpenAPI document is one that generators, fuzzers and people can rely on, all of it."""

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.api.media import IMAGE_TYPES
from tests.contract.document import before, committed, shown, unannounced
from tests.contract.schemas import Document, examples

BINARY = {"type": "string", "format": "binary"}
JSON = re.compile(r"application/([a-z]+\+)?json")


@pytest.fixture(scope="module")
def document() -> Document:
    return Document(json.loads(shown()))


def test_the_committed_document_is_what_the_service_serves() -> None:
    assert committed() == shown(), "run `make openapi`"


def test_nothing_that_clients_rely_on_is_gone_without_a_version_that_says_so(
    document: Document,
) -> None:
    assert unannounced(before(), document.json) == []


def test_it_is_valid_openapi(document: Document) -> None:
    assert document.json["openapi"].startswith("3.1.")
    assert [str(error) for error in OpenAPIV31SpecValidator(document.json).iter_errors()] == []


def test_operations_have_ids_of_their_own_and_say_what_they_do(document: Document) -> None:
    operations = list(document.operations())
    ids = [str(operation) for operation in operations]
    tags = {tag["name"] for tag in document.json["tags"]}

    assert len(set(ids)) == len(ids)
    for operation in operations:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", str(operation))
        assert operation.body["description"], operation
        assert set(operation.body["tags"]) <= tags, operation
    assert all(tag["description"] for tag in document.json["tags"])


def test_every_field_is_described(document: Document) -> None:
    for place, field in document.properties():
        assert field.get("description") or document.resolved(field).get("description"), place
    for name, schema in document.json["components"]["schemas"].items():
        assert schema.get("description") or name == "JsonValue", name  # it is anything


def test_every_parameter_is_described(document: Document) -> None:
    for operation in document.operations():
        named = set(re.findall(r"{(\w+)}", operation.path))
        parameters = operation.body.get("parameters", [])

        assert all(parameter["description"] for parameter in parameters), operation
        assert {one["name"] for one in parameters if one["in"] == "path"} == named, operation


def test_every_error_is_a_problem_with_an_example(document: Document) -> None:
    for operation in document.operations():
        responses = operation.body["responses"]
        of_v2 = operation.path.startswith("/v2")
        media_type = "application/json" if of_v2 else "application/problem+json"
        assert {"401", "403", "421", "429", "503", "default"} <= responses.keys(), operation
        for status, response in responses.items():
            if status[0] in "23" or (operation.path, status) == ("/readyz", "503"):
                continue
            (content,) = response["content"].items()
            assert content[0] == media_type, f"{operation} {status}"
            (example,) = examples(content[1])
            assert example["request_id"]
            if of_v2:
                assert isinstance(example["error"], str)
            elif status != "default":
                assert example["status"] == int(status)


def test_every_header_is_declared(document: Document) -> None:
    for operation in document.operations():
        for status, response in operation.body["responses"].items():
            headers = response["headers"]
            assert "X-Request-ID" in headers, f"{operation} {status}"
            assert ("Retry-After" in headers) == (status in ("429", "503")), f"{operation} {status}"
            assert ("WWW-Authenticate" in headers) == (status == "401"), f"{operation} {status}"
        answers = operation.body["responses"]
        if "304" in answers:
            assert "ETag" in answers["200"]["headers"], operation
            assert "ETag" in answers["304"]["headers"], operation
        if str(operation).endswith("_create"):
            made = answers.get("201") or answers["202"]
            assert "Location" in made["headers"], operation
    for name, header in document.json["components"]["headers"].items():
        assert header["description"], name
        assert document.errors(header["schema"], header["example"]) == [], name


def test_every_body_that_is_sent_has_an_example(document: Document) -> None:
    for operation in document.operations():
        for media_type, content in operation.sends.items():
            shown = examples(content)
            assert shown or media_type in IMAGE_TYPES[1:], f"{operation} {media_type}"


def test_every_example_validates(document: Document) -> None:
    found = 0
    for place, media_type, content in document.contents():
        for example in examples(content):
            found += 1
            errors = document.errors(content["schema"], example)
            assert errors == [], f"{place} {media_type}: {example}"
    for place, schema in document.schemas():
        for example in schema.get("examples", []) if "type" in schema else []:
            found += 1
            assert document.errors(schema, example) == [], place
    assert found > 100


def test_unions_of_kinds_say_by_what_they_are_told_apart(document: Document) -> None:
    unions = 0
    for place, schema in document.schemas():
        union = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
        branches = [document.resolved(one) for one in union]
        kinds = [one["properties"].get("type", {}) for one in branches if "properties" in one]
        if len(kinds) > 1 and all("const" in kind for kind in kinds):
            unions += 1
            told = schema["discriminator"]
            assert told["propertyName"] == "type", place
            assert set(told["mapping"]) == {kind["const"] for kind in kinds}, place
    assert unions >= 4


def test_bytes_are_bytes_and_streams_are_streams(document: Document) -> None:
    streams = []
    for place, media_type, content in document.contents():
        if media_type == "text/event-stream":
            streams.append(place)
            assert content["schema"]["type"] == "string"
        elif media_type.startswith("image/") or media_type == "application/octet-stream":
            assert content["schema"] == BINARY, place
        elif media_type == "multipart/form-data":
            parts = content["schema"]["properties"].values()
            assert any(BINARY.items() <= (part.get("items") or part).items() for part in parts)
        else:
            assert JSON.fullmatch(media_type) or media_type == "text/plain", place
    assert streams == ["jobs_events 200"]


def test_nothing_that_is_sent_is_an_address_that_is_fetched(document: Document) -> None:
    for place, schema in document.schemas():
        assert not str(schema.get("format", "")).startswith(("uri", "iri")), place


def test_keys_are_declared_and_not_always_needed(document: Document) -> None:
    assert document.json["security"] == [{}, {"key": []}]
    assert document.json["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
