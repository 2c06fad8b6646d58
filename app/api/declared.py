"""What operations declare of their answers in the OpenAPI document: problems and headers."""

from typing import Any

from app.api.problems import CODES

Declared = dict[int | str, dict[str, Any]]
"""Responses by their status, as FastAPI takes them."""

EVERYWHERE = (401, 403, 421, 429, 503)
"""Any route may answer with these: what stands before it, and bounds on what is done at a time."""

DESCRIPTIONS = {
    400: "The body is not JSON.",
    401: "A key is needed.",
    403: "The key is too weak, or a page of another site asked.",
    404: "There is no such thing.",
    409: "Its state forbids it.",
    412: "It has changed since the version that If-Match names.",
    413: "The body is too large.",
    415: "The media type is not taken here.",
    416: "The file has no such bytes.",
    421: "The Host is not one of this service.",
    422: "The request does not validate.",
    429: "Too many at a time; try again after Retry-After seconds.",
    501: "It is not done here.",
    503: "Not ready; try again after Retry-After seconds.",
    507: "The storage is full.",
}

DETAILS = {
    400: "the body is not JSON: Expecting value, at line 1, column 1",
    401: "send a key: Authorization: Bearer <key>",
    403: "a page of another site may not change anything here",
    404: "there is no model 'digits'",
    409: "a job that has succeeded cannot be paused",
    412: 'If-Match names another version; the current one is "2c26b46b68ffc68ff99b453c1d304134"',
    413: "the body is larger than 1,048,576 bytes",
    415: "the body must be application/json, got text/plain",
    416: "the file has 31,400 bytes",
    421: "this service answers as 127.0.0.1, localhost, not as 'example.com'",
    422: "dense needs a flat input of shape [numbers], got [1, 28, 28]",
    429: "1000 jobs are waiting, more are not taken",
    501: "a model is what was trained; max_batch_size cannot be set here",
    503: "the database does not answer at present",
    507: "nothing can be stored at present",
}
"""What an example of each says."""

REQUEST_ID = "7f3c9a1be0d24a65"

_MORE: dict[int, dict[str, Any]] = {
    409: {"allowed_from": ["queued", "running"]},
    422: {
        "errors": [{"loc": ["layers", 0], "msg": DETAILS[422], "type": "shape_mismatch"}],
    },
}

HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "The request's own, or one that was made for it; logs have it too.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        "example": REQUEST_ID,
    },
    "ETag": {
        "description": "Names this version; for If-None-Match, and where it is taken If-Match.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9a-f]{32}"$'},
        "example": '"2c26b46b68ffc68ff99b453c1d304134"',
    },
    "Location": {
        "description": "Where it is read, on this host.",
        "required": True,
        "schema": {"type": "string", "pattern": "^/v1/"},
        "example": "/v1/jobs/job_01j9zq3v5k8m2n4p6r8t0w2y4a",
    },
    "Retry-After": {
        "description": "Seconds after which it is worth another try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 1,
    },
    "WWW-Authenticate": {
        "description": "How a key is sent.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
        "example": "Bearer",
    },
    "Server-Timing": {
        "description": "Where the time went, in milliseconds: reading, waiting, computing, "
        "writing; and how many inputs shared the batch.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'read;dur=0.1, queue;dur=0.0, compute;dur=0.3, write;dur=0.1, batch;desc="1"',
    },
    "Content-Range": {
        "description": "Which bytes, and of how many.",
        "required": True,
        "schema": {"type": "string", "pattern": r"^bytes (\*|[0-9]+-[0-9]+)/[0-9]+$"},
        "example": "bytes 0-99/31400",
    },
    "Content-Disposition": {
        "description": "The name to save it by.",
        "required": True,
        "schema": {"type": "string"},
        "example": 'attachment; filename="digits.safetensors"',
    },
    "X-Label": {
        "description": "Its class; what is not ASCII as in a URL.",
        "required": True,
        "schema": {"type": "string"},
        "example": "7",
    },
    "Inference-Header-Content-Length": {
        "description": "Where the JSON ends and raw tensors begin; not there without any.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 180,
    },
}
"""Every header that an answer may have, with what it says."""

OF_STATUS: dict[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    416: ("Content-Range",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""What an answer with a status always has."""


def headers(*names: str) -> dict[str, Any]:
    """Some headers, as a response refers to them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def in_path(*names: str) -> list[dict[str, Any]]:
    """The parameters in a route's path, where no signature says them."""
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _IN_PATHS[name],
            "schema": {"type": "string"},
        }
        for name in names
    ]


_IN_PATHS = {
    "model": "A model's id, or an alias.",
    "version": "A number; or a model's id, or an alias.",
}


def problems(*statuses: int) -> Declared:
    """The error responses of a route."""
    declared: Declared = {
        status: {
            "description": DESCRIPTIONS[status],
            "content": _content(_example(status)),
            "headers": headers(*OF_STATUS.get(status, ())),
        }
        for status in (*statuses, *EVERYWHERE)
    }
    declared["default"] = {"description": "Any other problem.", "content": _content(_example(507))}
    return declared


def _content(example: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"application/problem+json": {"schema": schema, "example": example}}


def _example(status: int) -> dict[str, Any]:
    code, title = CODES[status]
    return {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": DETAILS[status],
        "request_id": REQUEST_ID,
        **_MORE.get(status, {}),
    }


def versioned(*statuses: int) -> Declared:
    """The responses of a route that sends an ETag: 200, 304 and problems."""
    return {
        200: {"headers": headers("ETag")},
        304: {
            "description": "The version that If-None-Match names.",
            "headers": headers("ETag"),
        },
        **problems(*statuses),
    }


def created(*statuses: int) -> Declared:
    """The responses of a route that makes something at once."""
    return {201: {"headers": headers("Location")}, **problems(*statuses, 507)}


def accepted(*statuses: int) -> Declared:
    """The responses of a route that has something done in the background."""
    return {202: {"headers": headers("Location")}, **problems(*statuses, 507)}
