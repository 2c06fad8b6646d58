"""The body of a request to infer, taken apart: how it was packed, its JSON, and what is behind.

Where the JSON ends is said by Inference-Header-Content-Length; it counts in the body as it is once
it is decompressed.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException

from app.api import strict_json
from app.domain.errors import InvalidInput

HEADER_LENGTH = "inference-header-content-length"

WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""What zlib is told for each encoding; deflate is a zlib stream (RFC 9110 §8.4.1.2)."""

Json = dict[str, Any]
Headers = Mapping[bytes, bytes]
"""A request's, their names in small letters."""


def plain(headers: Headers, body: bytes, limit: int) -> bytes:
    """A body as it was before its Content-Encoding, and never more than the limit.

    Raises:
        HTTPException: It is larger, is damaged, or has another encoding.
    """
    encoding = headers.get(b"content-encoding", b"").decode("latin-1").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in WINDOWS:
        raise HTTPException(400, f"Content-Encoding is gzip or deflate, got {encoding[:100]!r}")
    stream = zlib.decompressobj(WINDOWS[encoding])
    try:
        content = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise HTTPException(400, f"the body is not {encoding}: {error}") from error
    if len(content) > limit:
        raise HTTPException(413, f"the body is larger than {limit:,} bytes, decompressed")
    if not stream.eof or stream.unused_data:
        raise HTTPException(
            400, f"the body is {encoding} that is cut off, or goes on after its end"
        )
    return content


def split(headers: Headers, body: bytes) -> tuple[Json | None, memoryview]:
    """The JSON of a body and what is behind it; None where there is said to be no JSON at all.

    Raises:
        InvalidInput: It cannot be taken apart so.
        MalformedJson: Its JSON is none.
    """
    length = _header_length(headers, len(body))
    document = _document(body[:length]) if length else None
    return document, memoryview(body)[length:]


def _header_length(headers: Headers, size: int) -> int:
    text = headers.get(HEADER_LENGTH.encode())
    if text is None:
        return size or 1  # an empty body is no JSON, and no raw tensor either
    if not text.isdigit() or len(text) > 20 or int(text) > size:
        raise refused(
            "Inference-Header-Content-Length",
            f"it is the length of the JSON, 0 to {size:,} here, got {text[:100].decode('latin-1')}",
        )
    return int(text)


def _document(text: bytes) -> Json:
    """JSON, as strict as everywhere, at the speed of orjson where it is certain to be.

    orjson takes a key that is there twice. But every key has a colon: with as many colons in the
    text as keys where keys are known to be, there is none twice, and none elsewhere.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or text.count(b":") != _keys(document):
        document = strict_json.loads(text)
    if not isinstance(document, dict):
        raise refused("the body", f'it is {{"inputs": [...]}}, got {type(document).__name__}')
    return document


def _keys(document: Json) -> int:
    """How many keys there are in a request, in its tensors, and in the parameters of all."""
    places = [document]
    for name in ("inputs", "outputs"):
        tensors = document.get(name)
        if isinstance(tensors, list):
            places += [one for one in tensors if isinstance(one, dict)]
    inner = [place.get("parameters") for place in places]
    return sum(map(len, places)) + sum(len(one) for one in inner if isinstance(one, dict))


def refused(what: str, msg: str) -> InvalidInput:
    """A request that is wrong at a place with a name."""
    return InvalidInput.at((what,), f"{what}: {msg}", "request_invalid")
