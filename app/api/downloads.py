"""Files that are downloaded, also in parts: ranges of bytes (RFC 9110 §14)."""

import re
from collections.abc import Mapping

from fastapi import HTTPException, Request, Response

from app.api.declared import Declared, headers, problems
from app.api.media import BYTES
from app.api.responses import etag, tagged_bytes

_RANGE = re.compile(r"bytes=\s*(\d{0,15})-(\d{0,15})\s*", re.IGNORECASE)

_FILE = ("ETag", "Content-Disposition")


def described(media_type: str, *statuses: int) -> Declared:
    """The responses of a download, for the OpenAPI document."""
    file = {media_type: BYTES}
    return {
        200: {"description": "The file.", "content": file, "headers": headers(*_FILE)},
        206: {
            "description": "The part that Range asks for.",
            "content": file,
            "headers": headers(*_FILE, "Content-Range"),
        },
        304: {
            "description": "The version that If-None-Match names.",
            "headers": headers("ETag"),
        },
        **problems(416, *statuses),
    }


def download(
    request: Request, content: bytes, media_type: str, headers: Mapping[str, str]
) -> Response:
    """A file with its ETag, or the part of it that the request asks for.

    Several ranges at once are answered with all of it, as a server may.
    """
    whole = tagged_bytes(request, content, media_type, {**headers, "Accept-Ranges": "bytes"})
    asked = _bounds(request.headers.get("range", ""), len(content))
    if whole.status_code != 200 or asked is None:
        return whole
    if request.headers.get("if-range", etag(content)) != etag(content):
        return whole  # it has changed since: a part of it would be of no use
    first, last = asked
    if first > last:
        unsatisfied = {"Content-Range": f"bytes */{len(content)}"}
        raise HTTPException(416, f"the file has {len(content):,} bytes", unsatisfied)
    part = Response(content[first : last + 1], 206, media_type=media_type)
    kept = {name: value for name, value in whole.headers.items() if name != "content-length"}
    part.headers.update({**kept, "Content-Range": f"bytes {first}-{last}/{len(content)}"})
    return part


def _bounds(header: str, length: int) -> tuple[int, int] | None:
    """The first and the last byte that a header asks for; None where it asks for no single range.

    `5-` is all from the sixth on and `-5` the last five. The first lies behind the last where the
    file has no such bytes.
    """
    found = _RANGE.fullmatch(header)
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(0, length - int(last)), length - 1
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last or length), length - 1)
