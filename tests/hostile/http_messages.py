"""Messages that are no HTTP, or more of it than a client has any use for."""

from collections.abc import Iterator

from tests.hostile.json_bodies import Document
from tests.hostile.wire import Named, Request

Messages = Iterator[tuple[str, bytes, frozenset[int]]]

REFUSED = frozenset({400, 404, 405, 411, 413, 414, 421, 431, 501, 505})
NOT_FOUND = frozenset({400, 404, 405, 414})
HARMLESS = REFUSED | {200, 206, 304, 403, 408, 415, 416, 417, 422}

_POST = (
    b"POST /v1/networks/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
)
_GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
_BODY = b'{"preset":"linear"}'


def first_lines() -> Messages:
    """First lines of all kinds."""
    host = b"\r\nHost: localhost\r\n\r\n"
    for line in (
        *(
            b"",
            b" ",
            b"\0",
            b"GET",
            b"GET /",
            b"GET  / HTTP/1.1",
            b"GET / HTTP/9.9",
            b"GET / HTTP/1",
        ),
        *(
            b"GET / http/1.1",
            b"GET / ICY",
            b"get / HTTP/1.1",
            b"G\0T / HTTP/1.1",
            b"GET /\0 HTTP/1.1",
        ),
        *(
            b"GET / HTTP/1.1 x",
            b"GET /a b HTTP/1.1",
            b"GET \xff HTTP/1.1",
            b"GET /\xff\xfe HTTP/1.1",
        ),
        *(
            b"GET ? HTTP/1.1",
            b"GET # HTTP/1.1",
            b"GET a HTTP/1.1",
            b"GET * HTTP/1.1",
            b"GET //// HTTP/1.1",
        ),
        *(b"OPTIONS * HTTP/1.1", b"CONNECT evil.test:80 HTTP/1.1", b"CONNECT / HTTP/1.1"),
        *(b"TRACE / HTTP/1.1", b"FOOBAR / HTTP/1.1", b"PROPFIND / HTTP/1.1", b"PURGE / HTTP/1.1"),
        *(b"GET http://evil.test/v1/jobs HTTP/1.1", b"GET https://localhost:1/ HTTP/1.1"),
        *(b"GET http://[::1/ HTTP/1.1", b"GET http:/// HTTP/1.1", b"GET ftp://localhost/ HTTP/1.1"),
        *(
            b"PRI * HTTP/2.0",
            b"SOURCE / ICE/1.0",
            b"M-SEARCH * HTTP/1.1",
            b"\x16\x03\x01\x02\0\1\0",
        ),
        *(
            b"A" * 70_000,
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1",
            b"GET /?" + b"a" * 70_000 + b" HTTP/1.1",
        ),
        *(b"GET /" + b"%41" * 3000 + b" HTTP/1.1", b"GET /?" + b"&a=" * 2600 + b" HTTP/1.1"),
        b"SSH-2.0-OpenSSH_9.0",
        b"EHLO evil.test",
        b"*1\r\n$4\r\nPING",
        b"JRMI\0\2K",
    ):
        yield f"first line {line[:40]!r}", line + host, HARMLESS


def headers() -> Messages:
    """Headers of all kinds."""
    for lines in (
        *(
            b"A",
            b"A b",
            b": b",
            b"A : b",
            b" A: b",
            b"\tA: b",
            b"A\0: b",
            b"A: b\0c",
            b"A: \x01",
            b"\xff: b",
        ),
        *(
            b"A: \xff",
            b"A: b\r c",
            b"A: b\n c: d",
            b"A: b\r\n folded",
            b"(A): b",
            b"A(: b",
            b"A: b\rC: d",
        ),
        *(b"Host: evil.test", b"Host: localhost", b"Host:", b"Connection: close, keep-alive, x"),
        b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x",
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
        *(
            b"Expect: 100-continue",
            b"Expect: 200-maybe",
            b"TE: trailers",
            b"Trailer: X",
            b"Via: x" * 500,
        ),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Content-Length: 5"),
        *(b"Cookie: " + b"a=b;" * 6000, b"A: " + b"b" * 70_000, b"A: b\r\n" * 20_000 + b"C: d"),
        *(b"A" * 70_000 + b": b", b"A: b\r\n" * 127 + b"C: d", b"Accept: " + b"*/*," * 6000),
        *(b"Accept-Encoding: " + b"gzip;q=0.1," * 2000, b"If-None-Match: " + b'"a",' * 6000),
        *(b"Range: bytes=" + b"0-1," * 7000, b"X-Forwarded-For: " + b"1.1.1.1," * 3000),
        b"Authorization: Bearer " + b"\xe9" * 2000,
        b"Authorization: Basic " + b"=" * 2000,
        b"Content-Type: " + b"a/b;" * 5000,
    ):
        for head in (_GET, _POST + b"Content-Length: 19\r\n"):
            body = _BODY if head is not _GET else b""
            yield f"header {lines[:40]!r}", head + lines + b"\r\n\r\n" + body, HARMLESS


def lengths() -> Messages:
    """Bodies whose length is a lie, or is said twice."""
    for length in (
        *(
            b"-1",
            b"+5",
            b"5, 5",
            b"0x13",
            b"1e1",
            b" ",
            b"",
            b"19 19",
            b"19\0",
            b"1_9",
            b"\xb2",
            b"19.0",
        ),
        *(
            b"9" * 30,
            b"18446744073709551615",
            b"18446744073709551635",
            b"1000000000000",
            b"99999999999",
        ),
    ):
        yield (
            f"Content-Length {length!r}",
            _POST + b"Content-Length: " + length + b"\r\n\r\n",
            REFUSED | {422},
        )
    for twice in (
        b"Content-Length: 19\r\nContent-Length: 20",
        b"Content-Length: 19\r\nContent-Length: 19",
        b"Content-Length: 19\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 19",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: identity, chunked",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked\r\nContent-Length: 19",
        b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 19",
        b"Transfer-Encoding: chun\xc4\xb1ed\r\nContent-Length: 19",
        b"Content-Length: 19\r\nTransfer_Encoding: chunked",
    ):
        yield f"length {twice!r}", _POST + twice + b"\r\n\r\n" + _BODY + b"0\r\n\r\n", HARMLESS


def chunks() -> Messages:
    """Bodies in pieces that do not fit."""
    head = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
    for body in (
        *(
            b"FFFFFFFFFFFFFFFF\r\n",
            b"FFFFFFFFFFFFFFFFF\r\nx",
            b"-1\r\nx\r\n0\r\n\r\n",
            b"0x13\r\n" + _BODY,
        ),
        *(b"g\r\n", b"\r\n", b"13 \r\n" + _BODY + b"\r\n0\r\n\r\n", b"13\n" + _BODY + b"\n0\n\n"),
        *(
            b"13\r\n" + _BODY + b"0\r\n\r\n",
            b"12\r\n" + _BODY + b"\r\n0\r\n\r\n",
            b"+13\r\n" + _BODY,
        ),
        b"13;" + b"a=b;" * 20_000 + b"\r\n" + _BODY + b"\r\n0\r\n\r\n",
        b'13;a="\r\n' + _BODY + b"\r\n0\r\n\r\n",
        b"".join(b"1\r\n%c\r\n" % byte for byte in _BODY) + b"0\r\n\r\n",
        b"13\r\n" + _BODY + b"\r\n0\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
        b"13\r\n" + _BODY + b"\r\n0\r\nHost: evil.test\r\nContent-Length: 5\r\n\r\n",
        b"13\r\n" + _BODY + b"\r\n0\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        b"100000\r\n" + b" " * 0x100000 + b"\r\n13\r\n" + _BODY + b"\r\n0\r\n\r\n",
    ):
        yield f"chunks {body[:24]!r}", head + body, HARMLESS


def smuggled() -> Messages:
    """A second request inside the first."""
    inner = b"DELETE /v1/models/latest HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for name, text in (
        ("after a length of none", _POST + b"Content-Length: 0\r\n\r\n"),
        (
            "after a last chunk",
            _POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("in a GET", _GET + b"Content-Length: %d\r\n\r\n" % len(inner)),
    ):
        get = inner.replace(b"DELETE", b"GET   ") if name != "in a GET" else inner
        yield f"a request {name}", text + get, HARMLESS
    yield "2,000 requests at once", (_GET + b"\r\n") * 2000, HARMLESS


def raw() -> Messages:
    """All of them."""
    for kind in (first_lines, headers, lengths, chunks, smuggled):
        yield from kind()


PATHS = (
    *(
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..\\..\\x",
        "%5c..%5cx",
        "%00",
        "a%00.js",
    ),
    *(
        "/etc/passwd",
        "//etc/passwd",
        "C:/x",
        "%c0%ae%c0%ae/x",
        "%c0%af",
        "%uff0e%uff0e/",
        "....//....//x",
    ),
    *(
        "..;/x",
        ".%2e/x",
        "%252e%252e%252fx",
        "~root",
        "%",
        "%2",
        "%zz",
        "a%0d%0aX:%20y",
        "..%00/x",
        ".",
    ),
    *(
        "__init__.py",
        "../main.py",
        "..%2fmain.py",
        "%2e%2e%2f%2e%2e%2fpyproject.toml",
        "static/../../main.py",
    ),
    *(
        "con",
        "aux.js",
        "main.js::$DATA",
        "main.js%20",
        "main.js.",
        "index.html/",
        "%ef%bc%8e%ef%bc%8e/",
    ),
)
_BELOW = (
    *("/static/", "/static/swagger/", "/v1/models/", "/v1/datasets/", "/v1/jobs/", "/v1/networks/"),
    *("/v1/aliases/", "/v2/models/", "/predictions/", "/"),
)


def traversals(document: Document) -> Named:
    """Ways out of a folder, below every route that names something."""
    for start in _BELOW:
        for path in PATHS:
            found = {200} if path in (".", "index.html/") or start == "/" else set()
            yield f"path {path}", Request("GET", start + path, statuses=NOT_FOUND | found)


RANGES = (
    *("bytes=" + "0-1," * 7000, "bytes=-", "bytes=a-b", "bytes=5-1", "bytes=-0", "bytes=0-0,-1"),
    *("bytes=99999999999999999999-", "bytes=-99999999999999999999", "bytes=0-18446744073709551616"),
    *(
        "bits=0-1",
        "bytes",
        "bytes=",
        "bytes=0-1;",
        "bytes=" + "," * 30_000,
        "bytes=1-2-3",
        "bytes=+1-2",
    ),
    *(
        "bytes=" + " " * 30_000 + "0-1",
        "bytes=٠-١",
        "bytes=0 - 1",
        "bytes=--1",
        "bytes=1-" + "9" * 15,
    ),
)


def ranges(document: Document) -> Named:
    """Ranges that nobody downloads by."""
    files = ("/static/main.js", "/v1/models/latest/export", "/static/swagger/swagger-ui-bundle.js")
    for target in files:
        for text in RANGES:
            statuses = frozenset({200, 206, 416, 404})
            yield f"Range {text[:20]}", Request("GET", target, b"", {"Range": text}, statuses)
