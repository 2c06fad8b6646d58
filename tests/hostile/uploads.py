"""Files that are none of what they are sent as, to every route that takes one."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tests.hostile import files
from tests.hostile.forms import REFUSED, multipart
from tests.hostile.json_bodies import Document
from tests.hostile.wire import Named, Request

Files = Iterator[tuple[str, bytes]]


def nothing() -> Files:
    """What no format knows."""
    yield "an empty file", b""
    yield "one byte", b"\0"
    yield "a pickle", b"\x80\x04cos\nsystem\n(S'true'\ntR."
    yield "a zip of nothing", b"PK\5\6" + b"\0" * 18
    yield "the beginning of a zip", b"PK\3\4" + b"\0" * 26
    yield "the beginning of an array", b"\x93NUMPY\1\0\xff\xff"
    yield "the beginning of a gzip", b"\x1f\x8b\x08\0"
    yield "the beginning of an HDF5", b"\x89HDF\r\n\x1a\n" + b"\xff" * 100
    yield "a header longer than the file", b"\xff" * 8 + b"{}"
    yield "a megabyte of zeros", b"\0" * 2**20
    yield "a megabyte of brackets", b"\x00\x00\x10\0\0\0\0\0" + b"[" * 2**20


KINDS: Mapping[str, Sequence[Callable[[], Files]]] = {
    "/v1/datasets": (nothing, files.datasets),
    "/v1/models": (nothing, files.models),
}
"""What is sent where."""


def sent(document: Document) -> Named:
    """Every file of every kind."""
    for target, kinds in KINDS.items():
        for kind in kinds:
            for name, content in kind():
                parts = [("name", None, b"hostile-file"), ("file", "a.npz", content)]
                body, headers = multipart(parts, boundary="qQqQqQqQqQ")
                yield f"file: {name}", Request("POST", target, body, headers, REFUSED)
