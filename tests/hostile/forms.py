"""Multipart forms that take long to read, or are none."""

from collections.abc import Iterator, Sequence

from tests.hostile.json_bodies import Document
from tests.hostile.wire import Named, Request

REFUSED = frozenset({400, 404, 413, 415, 422})

Part = tuple[str, str | None, bytes]
"""A name, the name of a file or none, and what it holds."""


def multipart(parts: Sequence[Part], boundary: str = "xXx") -> tuple[bytes, dict[str, str]]:
    """A form, and the header that announces it."""
    content = b""
    for name, filename, value in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        content += head.encode("utf-8", "surrogateescape") + value + b"\r\n"
    content += f"--{boundary}--\r\n".encode()
    return content, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def bodies() -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Forms that nobody fills in."""
    one = multipart([("files", "a.png", b"x")])
    kind = "Content-Type"
    yield "no boundary", one[0], {kind: "multipart/form-data"}
    yield "empty boundary", one[0], {kind: "multipart/form-data; boundary="}
    yield "another boundary", one[0], {kind: "multipart/form-data; boundary=other"}
    yield "boundary of 300", *multipart([("files", "a", b"x")], "b" * 300)
    yield "boundary of 7000", *multipart([("files", "a", b"x")], "b" * 7000)
    slashes = 'multipart/form-data; boundary="' + "\\" * 5000
    yield "boundary of backslashes", one[0], {kind: slashes}
    yield "many parameters", one[0], {kind: "multipart/form-data" + "; a=b" * 1500}
    yield "boundary that is not ASCII", one[0], {kind: "multipart/form-data; boundary=é"}
    yield "boundary in percent", one[0], {kind: "multipart/form-data; boundary*=UTF-8''%00"}
    yield "empty", b"", one[1]
    yield "only the end", b"--xXx--\r\n", one[1]
    yield "without an end", one[0][:-9], one[1]
    for end in range(0, len(one[0]), 4):
        yield f"cut at {end}", one[0][:end], one[1]
    yield "1 MB before the first part", b"x" * 2**20 + b"\r\n" + one[0], one[1]
    yield "1 MB of line ends before it", b"\r\n" * 2**19 + one[0], one[1]
    yield "1 MB after the last part", one[0] + b"\r\n" * 2**19, one[1]
    dense = (b"\r\n" * 2**18, b"\r" * 2**19, b"\r\n--xX" * 2**16, b"\r\n-" * 2**17)
    for number, value in enumerate(dense):
        yield f"dense line ends, {number}", *multipart([("files", "a", value)])
    yield "10,000 parts", *multipart([("files", None, b"x")] * 10_000)
    yield "2,000 files", *multipart([("files", "a.png", b"x")] * 2_000)
    yield "a field of 2 MB", *multipart([("files", None, b"x" * 2**21)])
    many = b"--xXx\r\n" + b"A: b\r\n" * 10_000 + b"\r\nx\r\n--xXx--\r\n"
    yield "a part with 10,000 headers", many, one[1]
    long = b"--xXx\r\nA: " + b"b" * 2**20 + b"\r\n\r\nx\r\n--xXx--\r\n"
    yield "a part with a header of 1 MB", long, one[1]
    named = "Content-Disposition: form-data; name="
    for name in ('""', "", "files", '"files', '"' + "n" * 100_000 + '"', '"a"; name="b"'):
        head = f"--xXx\r\n{named}{name}\r\n\r\nx\r\n--xXx--\r\n"
        yield f"name {name[:20]}", head.encode(), one[1]
    for line in (
        b"",
        b"Content-Disposition: attachment",
        b"Content-Disposition:",
        b": x",
        b"\0: x",
    ):
        yield f"a part with {line!r}", b"--xXx\r\n" + line + b"\r\n\r\nx\r\n--xXx--\r\n", one[1]
    encoded = b"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=utf-7"
    disposed = b'\r\nContent-Disposition: form-data; name="files"; filename="a"'
    yield "encoded", b"--xXx\r\n" + encoded + disposed + b"\r\n\r\nx\r\n--xXx--\r\n", one[1]
    nested = multipart([("files", "a", one[0])], "yYy")
    yield "a form in a form", *nested
    urlencoded = {kind: "application/x-www-form-urlencoded"}
    yield "10⁵ fields in a URL's form", b"&".join([b"a=b"] * 100_000), urlencoded
    for filename in (
        *("../../x.png", "/etc/passwd", "C:\\x.png", "a\0b.png", "x" * 10_000, "", ".", "é😀.png"),
        *("a%0d%0ab.png", "a;b.png", "a\\", "=?utf-8?b?Li4v?=", "\udcff\udcfe.png"),
    ):
        yield f"file name {filename[:12]!r}", *multipart([("files", filename, b"x")])
        yield f"file named {filename[:12]!r}", *multipart([("file", filename, b"x")])
    yield "file twice", *multipart([("file", "a", b"x"), ("file", "b", b"y")])
    yield "name twice", *multipart([("name", None, b"a"), ("name", None, b"b"), ("file", "a", b"")])
    yield "an empty file", *multipart([("files", "a.png", b""), ("file", "a.png", b"")])


TARGETS = (
    *("/v1/models/latest/predict", "/v1/models", "/v1/datasets", "/v1/datasets/hostile/samples"),
    *("/predictions/latest", "/invocations", "/v1/networks"),
)


def sent(document: Document) -> Named:
    """Every form to every route that takes one, and to two that do not."""
    for name, content, headers in bodies():
        for target in TARGETS:
            yield f"form: {name}", Request("POST", target, content, headers, REFUSED)
