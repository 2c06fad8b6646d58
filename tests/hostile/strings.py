"""Texts that somebody once forgot, in every place that takes one."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tests.hostile.json_bodies import Document
from tests.hostile.wire import JSON, Named, Request

NAUGHTY: Mapping[str, str] = {
    "empty": "",
    "space": " ",
    "blanks of all kinds": "\t\u00a0\u2003\u3000\u180e\ufeff",
    "nothing to see": "\u200b\u200c\u200d\u2060",
    "null": "null",
    "undefined": "undefined",
    "true": "true",
    "NaN": "NaN",
    "zero": "0",
    "minus zero": "-0",
    "hexadecimal": "0x7fffffff",
    "exponent": "1e309",
    "long number": "9" * 400,
    "other digits": "٣๓３",
    "superscript digit": "²",
    "dot": ".",
    "dots": "..",
    "parents": "../../../../../../etc/passwd",
    "parents of Windows": "..\\..\\..\\windows\\win.ini",
    "absolute": "/etc/passwd",
    "drive": "C:/",
    "share": "\\\\server\\share",
    "device": "CON",
    "file URL": "file:///etc/passwd",
    "encoded parents": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "twice encoded": "%252e%252e%252f",
    "overlong slash": "%c0%ae%c0%ae%c0%af",
    "encoded NUL": "a%00b",
    "fragment": "a#../b",
    "query": "a?b=c&d=e",
    "semicolon": "a;b=c",
    "home": "~root",
    "shell": "$(touch /tmp/hostile); `id` | id && id",
    "variable": "${HOME} %PATH%",
    "JNDI": "${jndi:ldap://127.0.0.1/a}",
    "template": "{{7*7}} <%= 7*7 %> #{7*7}",
    "format": "%s%s%n%x {0} {__class__}",
    "SQL": "'; DROP TABLE jobs; --",
    "SQL or": "' OR '1'='1",
    "SQL like": "%_[a-z]%",
    "SQL comment": "/*!50000 SELECT */",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "URL of script": "javascript:alert(1)",
    "SVG": "<svg/onload=alert(1)>",
    "entity": "&lt;script&gt;&#x3c;",
    "CDATA": "]]><![CDATA[<a>]]>",
    "external entity": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
    "spreadsheet": "=cmd|' /C calc'!A0",
    "LDAP": "*)(uid=*))(|(uid=*",
    "header": "a\r\nX-Injected: yes",
    "two responses": "a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "line feed": "a\nb",
    "carriage return": "a\rb",
    "other lines": "a\u2028b\u2029c\u0085d",
    "NUL": "a\0b",
    "controls": "".join(map(chr, range(1, 32))) + "\x7f",
    "more controls": "".join(map(chr, range(0x80, 0xA0))),
    "escape sequence": "\x1b[31mred\x1b]0;title\x07",
    "backspace": "a\b\b\bb",
    "right to left": "\u202etxt.exe\u202c \u2066a\u2069",
    "Arabic": "الشعب يريد",
    "Hebrew": "בראשית",
    "Chinese": "田中さんにあげて下さい",
    "combining": "Z̡͖̜̪̭̪͙̈̈a̴̛l̸g͎̤o̷" + "\u0300" * 60,
    "decomposed": "e\u0301 \u1100\u1161",
    "capital that grows": "ŉ ß ﬁ İ ı ſ K",
    "emoji": "😀👩‍👩‍👧‍👦🏳️‍🌈👍🏿🇩🇪",
    "beyond the plane": "𝕊𠜎\U0010ffff",
    "no characters": "\ufffe\uffff\ufdd0",
    "private": "\ue000\U000f0000",
    "tags": "\U000e0041\U000e007f",
    "one too long": "x" * 121,
    "long": "x" * 5_000,
    "long and wide": "😀" * 2_000,
    "long and slow": "a" * 5_000 + "!",
    "many dashes": "-" * 300,
    "constructor": "constructor",
    "prototype": "__proto__",
    "dunder": "__class__.__init__.__globals__",
    "id of another kind": "net_00000000000000000000000000",
    "id with a tail": "job_01j9zq3v5k8m2n4p6r8t0w2y4a/../../x",
    "base64": "bWRsXzAx" * 10,
    "not base64": "====",
    "date": "2026-13-45T99:99:99Z",
    "address": "127.0.0.1:22",
    "pickle": "gASVAAAAAAAAAABLAS4=",
}

BODIES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("POST", "/v1/networks"): {"preset": "linear", "name": "?"},
    ("POST", "/v1/networks/validate"): {"preset": "?"},
    ("POST", "/v1/jobs"): {
        "preset": "linear",
        **dict.fromkeys(("name", "notes", "dataset", "alias", "init_from", "network_id"), "?"),
        "tags": ["?"],
        "optimizer": {"type": "?"},
    },
    ("POST", "/v1/datasets"): {
        "name": "?",
        "from": "?",
        "sample_shape": [1, 2, 2],
        "classes": ["?"],
    },
    ("PUT", "/v1/aliases/hostile"): {"model_id": "?"},
    ("POST", "/v1/models/latest/evaluate"): {"dataset": "?", "split": "?"},
    ("POST", "/v1/sweeps"): {"base": {"preset": "?"}, "grid": {"?": ["?"]}, "metric": "?"},
    ("POST", "/v1/models/latest/predict"): {"instances": [{"b64": "?"}]},
    ("POST", "/v2/models/latest/infer"): {
        "id": "?",
        "inputs": [{"name": "?", "datatype": "?", "shape": [1, 1], "data": ["?"]}],
        "outputs": [{"name": "?"}],
    },
    ("POST", "/v2/repository/index"): {"ready": "?"},
    ("POST", "/invocations"): {"dataframe_records": [{"?": "?"}]},
}
"""Bodies with a mark wherever a client's text may stand."""

HEADERS = (
    *("X-Request-ID", "Idempotency-Key", "Last-Event-ID", "If-None-Match", "If-Match", "Accept"),
    *("Content-Type", "Content-Encoding", "Accept-Encoding", "Authorization", "Range", "If-Range"),
    *("Inference-Header-Content-Length", "Origin", "Sec-Fetch-Site", "Cookie", "User-Agent"),
    *("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Referer", "X-Forwarded-Host"),
    *("X-HTTP-Method-Override", "Upgrade", "Accept-Language", "traceparent"),
)


def in_bodies(document: Document) -> Named:
    """Every text in every field that holds one."""
    for (method, target), body in BODIES.items():
        for place, marked in _marked(body):
            for name, text in NAUGHTY.items():
                content = json.dumps(marked(text)).encode()
                yield f"{name} in {place}", Request(method, target, content, JSON)


def _marked(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """For every mark a function that puts a text there; the other marks are left out."""
    text = json.dumps(body)
    for number in range(text.count('"?"')):

        def put(value: str, number: int = number) -> Any:
            parts = text.split('"?"')
            filled = parts[0]
            for i, part in enumerate(parts[1:]):
                filled += (json.dumps(value) if i == number else '"x"') + part
            return json.loads(filled)

        yield f"place {number}", put


def in_targets(document: Document) -> Named:
    """Every text in every part of a path, and in every parameter of a query."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                for name, text in NAUGHTY.items():
                    target = _target(path, parameter, text)
                    where = parameter["name"]
                    if target is not None:
                        yield f"{name} in {where}", Request(method.upper(), target)


def _target(path: str, parameter: Document, text: str) -> str | None:
    encoded = quote(text, safe="")
    if parameter["in"] == "path":
        here = "{" + parameter["name"] + "}"
        return _filled(path.replace(here, encoded or "%20"))
    if parameter["in"] == "query":
        return f"{_filled(path)}?{quote(parameter['name'])}={encoded}"
    return None


def _filled(path: str) -> str:
    names = {"{model}": "latest", "{name}": "mnist", "{index}": "0", "{alias}": "hostile"}
    for here, name in names.items():
        path = path.replace(here, name)
    return path.replace("{", "").replace("}", "")


def in_headers(document: Document) -> Named:
    """Every text that a line can hold in every header that somebody may look at."""
    target, body = "/v1/networks/validate", b'{"preset":"linear"}'
    for header in HEADERS:
        for name, text in NAUGHTY.items():
            if any(one in text for one in "\r\n\0"):
                continue
            get = Request("GET", "/v1/models/latest/export", headers={header: text[:4000]})
            post = Request("POST", target, body, {**JSON, header: text[:4000]})
            yield f"{name} in {header}", get
            yield f"{name} in {header}", post
