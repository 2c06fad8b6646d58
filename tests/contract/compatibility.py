"""What a change of the OpenAPI document takes from clients that were written for the one before.

What a request may hold may only grow, what a response holds may only grow: both are followed
through the two documents together. A field, an operation or a value that is new breaks nobody; one
that is gone, or that is now required of a request, does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

METHODS = ("get", "put", "post", "delete", "patch")

NARROWING = {
    "minimum": 1,
    "exclusiveMinimum": 1,
    "minLength": 1,
    "minItems": 1,
    "maximum": -1,
    "exclusiveMaximum": -1,
    "maxLength": -1,
    "maxItems": -1,
}
"""Bounds, and in which direction they take something from requests."""


def breaks(old: Json, new: Json) -> list[str]:
    """What clients of the old document would miss, each in one line."""
    return sorted(set(_Comparison(old, new).of_documents()))


def may_break(old: str, new: str) -> bool:
    """Whether a version is raised so far that clients expect to be broken (semver.org §4, §8)."""
    before, after = ([int(n) for n in version.split(".")] for version in (old, new))
    kept = 1 if before[0] else 2
    return after[:kept] > before[:kept]


class _Comparison:
    """Two documents, walked together."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old = old
        self._new = new

    def of_documents(self) -> Iterator[str]:
        for path, operations in self._old["paths"].items():
            for method in set(METHODS).intersection(operations):
                before = operations[method]
                after = self._new["paths"].get(path, {}).get(method)
                if after is None:
                    yield f"{before['operationId']}: {method.upper()} {path} is gone"
                else:
                    yield from self._of_operations(before, after)

    def _of_operations(self, old: Json, new: Json) -> Iterator[str]:
        name = old["operationId"]
        if new["operationId"] != name:
            yield f"{name}: is called {new['operationId']} now"
        yield from self._of_parameters(name, old, new)
        for sent, before in old.get("requestBody", {}).get("content", {}).items():
            after = new.get("requestBody", {}).get("content", {}).get(sent)
            if after is None:
                yield f"{name}: takes no {sent} any more"
            else:
                yield from self._of_requests(f"{name} request", before["schema"], after["schema"])
        for status, before in old["responses"].items():
            yield from self._of_answers(f"{name} {status}", before, new["responses"].get(status))

    def _of_parameters(self, name: str, old: Json, new: Json) -> Iterator[str]:
        def known(operation: Json) -> dict[tuple[str, str], Json]:
            return {(one["in"], one["name"]): one for one in operation.get("parameters", ())}

        before, after = known(old), known(new)
        for key in before.keys() - after.keys():
            yield f"{name}: takes no {key[0]} parameter {key[1]} any more"
        for key, parameter in after.items():
            if key not in before:
                if parameter.get("required"):
                    yield f"{name}: {key[0]} parameter {key[1]} is needed now"
                continue
            if parameter.get("required") and not before[key].get("required"):
                yield f"{name}: {key[0]} parameter {key[1]} is needed now"
            place = f"{name} {key[1]}"
            yield from self._of_requests(place, before[key]["schema"], parameter["schema"])

    def _of_answers(self, place: str, old: Json, new: Json | None) -> Iterator[str]:
        if new is None:
            yield f"{place}: is not answered any more"
            return
        for header in old.get("headers", {}).keys() - new.get("headers", {}).keys():
            yield f"{place}: has no header {header} any more"
        for media_type, before in old.get("content", {}).items():
            after = new.get("content", {}).get(media_type)
            if after is None:
                yield f"{place}: is no {media_type} any more"
            else:
                yield from self._of_responses(place, before["schema"], after["schema"])

    def _of_requests(
        self, place: str, old: Any, new: Any, seen: frozenset[Any] = frozenset()
    ) -> Iterator[str]:
        key = (old.get("$ref"), new.get("$ref"))
        if key in seen and any(key):
            return
        seen |= {key}
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        for field in set(new.get("required", ())) - set(old.get("required", ())):
            yield f"{place}: {field} is needed now"
        yield from _narrowed(place, old, new)
        for field, before in old.get("properties", {}).items():
            if field in new.get("properties", {}):
                after = new["properties"][field]
                yield from self._of_requests(f"{place}.{field}", before, after, seen)
            elif new.get("additionalProperties") is False:
                yield f"{place}: takes no {field} any more"
        if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
            yield from self._of_requests(f"{place}[]", old["items"], new["items"], seen)
        for kind, (before, after) in _branches(self._old, old, self._new, new).items():
            if after is None:
                yield f"{place}: takes no {kind} any more"
            else:
                yield from self._of_requests(f"{place}:{kind}", before, after, seen)

    def _of_responses(
        self, place: str, old: Any, new: Any, seen: frozenset[Any] = frozenset()
    ) -> Iterator[str]:
        key = (old.get("$ref"), new.get("$ref"))
        if key in seen and any(key):
            return
        seen |= {key}
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        if old.get("type") != new.get("type"):
            yield f"{place}: is {new.get('type')} in place of {old.get('type')}"
        for field in set(old.get("required", ())) - set(new.get("required", ())):
            yield f"{place}: {field} may be missing now"
        for field, before in old.get("properties", {}).items():
            after = new.get("properties", {}).get(field)
            if after is None:
                yield f"{place}: has no {field} any more"
            else:
                yield from self._of_responses(f"{place}.{field}", before, after, seen)
        if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
            yield from self._of_responses(f"{place}[]", old["items"], new["items"], seen)
        for kind, (before, after) in _branches(self._old, old, self._new, new).items():
            if after is not None:
                yield from self._of_responses(f"{place}:{kind}", before, after, seen)


def _narrowed(place: str, old: Json, new: Json) -> Iterator[str]:
    """What one value of a request could be and cannot be any more."""
    if "type" in new and new["type"] != old.get("type"):
        yield f"{place}: is {new['type']} in place of {old.get('type')}"
    for gone in _values(old) - _values(new) if _values(new) else ():
        yield f"{place}: {gone} is not taken any more"
    for bound, direction in NARROWING.items():
        if bound not in new:
            continue
        if bound not in old or (new[bound] - old[bound]) * direction > 0:
            yield f"{place}: {bound} is {new[bound]} now"
    if "pattern" in new and new["pattern"] != old.get("pattern"):
        yield f"{place}: has the pattern {new['pattern']} now"
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{place}: takes no unknown fields any more"


def _values(schema: Json) -> set[str]:
    values: Sequence[Any] = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return {repr(value) for value in values}


def _branches(old: Json, one: Json, new: Json, other: Json) -> dict[str, tuple[Any, Any]]:
    """The branches of two unions, those that go together by what they are called."""
    before, after = _named(old, one), _named(new, other)
    return {name: (schema, after.get(name)) for name, schema in before.items()}


def _named(document: Json, schema: Json) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        shown = _resolved(document, branch)
        name = branch.get("$ref", "").rpartition("/")[2] or str(shown.get("type", "anything"))
        found[f"{name}{len(found)}" if name in found else name] = branch
    return found


def _resolved(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        found: Json = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema
