"""JSON that is none, more than JSON, too deep, too large, or of the wrong type in every field."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.hostile.wire import JSON, Named, Request

Document = dict[str, Any]
Path = tuple[str | int, ...]

REFUSED = frozenset({400, 422})


def texts() -> Iterator[tuple[str, bytes]]:
    """Texts that no strict parser takes."""
    yield "empty", b""
    yield "space", b" \t\r\n"
    yield "nul", b"\x00"
    yield "one brace", b"{"
    yield "one bracket", b"["
    yield "one quote", b'"'
    yield "closing", b"}"
    yield "comma", b"[1,]"
    yield "comma first", b"[,1]"
    yield "two commas", b'{"a":1,,"b":2}'
    yield "comma after a pair", b'{"a":1,}'
    yield "colon", b'{"a":}'
    yield "no colon", b'{"a" 1}'
    yield "no quotes", b"{a:1}"
    yield "single quotes", b"{'a':1}"
    yield "number as a key", b"{1:1}"
    yield "two values", b"{} {}"
    yield "trailing text", b"{}x"
    yield "trailing nul", b"{}\x00"
    yield "comment", b"{}//"
    yield "comment inside", b'{/**/"a":1}'
    for constant in (b"NaN", b"Infinity", b"-Infinity", b"nan", b"inf", b"undefined", b"None"):
        yield f"constant {constant.decode()}", b'{"preset":' + constant + b"}"
    for number in (
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"1e",
        b"0x10",
        b"1_000",
        b"--1",
        b"1e+",
        b"-",
        b"1 2",
    ):
        yield f"number {number.decode()}", b'{"seed":' + number + b"}"
    yield "number without end", b'{"seed":' + b"9" * 6000 + b"}"
    yield "number that is not finite", b'{"seed":1e999}'
    yield "number with a huge exponent", b'{"seed":1E' + b"9" * 300 + b"}"
    yield "full-width digit", '{"seed":１}'.encode()
    yield "key twice", b'{"preset":"mlp","preset":"mlp"}'
    yield "key twice by an escape", b'{"preset":"mlp","\\u0070reset":"mlp"}'
    yield "key twice after many", _key_twice_after(90_000)
    for escape in (b"\\x41", b"\\u12", b"\\uZZZZ", b"\\'", b"\\", b"\\u", b"\\a"):
        yield f"escape {escape.decode()}", b'{"name":"' + escape + b'"}'
    for surrogate in (b"\\ud800", b"\\udfff", b"\\udc00\\ud800", b"\\ud800x", b"\\uD83D"):
        yield f"surrogate {surrogate.decode()}", b'{"name":"' + surrogate + b'","preset":"mlp"}'
        yield f"surrogate {surrogate.decode()} in a key", b'{"' + surrogate + b'":1}'
    for byte in (0x00, 0x01, 0x09, 0x0A, 0x0D, 0x1F):
        yield f"control {byte:#04x}", b'{"name":"' + bytes([byte]) + b'","preset":"mlp"}'
    yield "byte order mark", b'\xef\xbb\xbf{"preset":"mlp"}'
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"):
        yield encoding, '{"preset":"mlp"}'.encode(encoding) if encoding != "utf-7" else b"+AHs-"
    for name, bad in _NOT_UTF8.items():
        yield f"UTF-8 with {name}", b'{"name":"' + bad + b'","preset":"mlp"}'
    for depth in (101, 1000, 30_000):
        yield f"{depth} lists, open", b"[" * depth
        yield f"{depth} lists", b"[" * depth + b"]" * depth
        yield f"{depth} objects, open", b'{"a":' * depth
        yield f"{depth} objects", b'{"a":' * depth + b"1" + b"}" * depth
    yield "100,000 lists", b"[" * 100_000
    yield "many quotes", b'"' * 100_000
    yield "many backslashes", b'"' + b"\\" * 100_001 + b'"'
    yield "many unknown fields", _unknown_fields(60_000)
    yield "an unknown field with a long name", b'{"' + b"x" * 900_000 + b'":1}'
    yield "pickle", b"\x80\x04cos\nsystem\n(S'true'\ntR."
    yield "XML", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    yield "YAML", b"preset: !!python/object/apply:os.system ['true']"
    yield "form", b"preset=mlp"


_NOT_UTF8 = {
    "a lone byte": b"\xff",
    "a lone continuation": b"\x80",
    "a cut character": b"\xe2\x82",
    "an overlong slash": b"\xc0\xaf",
    "an overlong NUL": b"\xc0\x80",
    "an encoded surrogate": b"\xed\xa0\x80",
    "more than Unicode has": b"\xf4\x90\x80\x80",
}


def _key_twice_after(keys: int) -> bytes:
    return b"{" + b",".join(b'"%d":0' % i for i in range(keys)) + b',"z":0,"z":0}'


def _unknown_fields(keys: int) -> bytes:
    return b"{" + b",".join(b'"presets%d":0' % i for i in range(keys)) + b"}"


_TAKEN = (
    "empty",
    "space",
    "101 objects",
    "many unknown fields",
    "an unknown field with a long name",
)
"""What is no mistake where a body may be left out and unknown fields are not looked at."""


def malformed(document: Document) -> Named:
    """Every text to every route that takes JSON."""
    known = list(texts())
    for method, path, operation in json_routes(document):
        target = _filled(path)
        optional = not operation["requestBody"].get("required")
        for name, text in known:
            ignored = optional and name in _TAKEN  # as Triton does
            also = {200} if ignored else set()
            yield name, Request(method, target, text, JSON, REFUSED | {404, 413} | also)


WRONG: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "2**31": 2**31,
    "2**53 + 1": 2**53 + 1,
    "2**63": 2**63,
    "-2**63 - 1": -(2**63) - 1,
    "10**300": 10**300,
    "a fraction": 0.5,
    "1e308": 1e308,
    "-1e-308": -1e-308,
    "no text": "",
    "text": "x",
    "a number as text": "12",
    "a NUL": "a\0b",
    "long text": "x" * 20_000,
    "an empty list": [],
    "an empty object": {},
    "a list": [1, "a", None],
    "an object": {"type": "dense"},
    "a deep list": json.loads("[" * 60 + "]" * 60),
    "a deep object": json.loads('{"type":' * 60 + "1" + "}" * 60),
    "many": [0] * 20_000,
}


def wrong_types(document: Document) -> Named:
    """The example of every body, with every value in it, and every other field, made wrong."""
    for method, path, operation in json_routes(document):
        target = _filled(path)
        for number, example in enumerate(_examples(document, operation)):
            for place in [*_places(example), *_absent(document, operation, example)]:
                for name, value in WRONG.items():
                    content = json.dumps(_with(example, place, value)).encode()
                    where = ".".join(map(str, place)) or "the body"
                    yield f"{where} is {name} ({number})", Request(method, target, content, JSON)


def json_routes(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Every operation that takes JSON, from the OpenAPI document."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield method.upper(), path, operation


def _filled(path: str) -> str:
    return (
        path.replace("{model}", "latest")
        .replace("{name}", "mnist")
        .replace("{", "")
        .replace("}", "")
    )


def _examples(document: Document, operation: Document) -> list[Any]:
    body = operation["requestBody"]["content"]["application/json"]
    schema = _resolved(document, body["schema"])
    if "example" in body:
        return [body["example"]]
    given = body.get("examples") or schema.get("examples") or [{}]
    if isinstance(given, list):
        return given
    return [one["value"] for one in given.values()]


def _resolved(document: Document, schema: Document) -> Document:
    if "$ref" in schema:
        found: Document = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a value; of a list only the first and the last."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for i in sorted({0, len(value) - 1} if value else ()):
            yield from _places(value[i], (*path, i))


def _absent(document: Document, operation: Document, example: Any) -> Iterator[Path]:
    """The fields that a body may have besides, at its top."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    for one in (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        for name in _resolved(document, one).get("properties", ()):
            if isinstance(example, dict) and name not in example:
                yield (name,)


def _with(example: Any, place: Path, value: Any) -> Any:
    if not place:
        return value
    changed = copy.deepcopy(example)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return changed
