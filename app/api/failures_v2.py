"""Errors as the Open Inference Protocol v2 has them: `{"error": "<text>"}`, below /v2 alone.

Its clients compare the Content-Type to the letter, and know 400 for all that cannot be computed.
"""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Response
from starlette.types import Scope


def is_v2(scope: Scope) -> bool:
    """Whether a request speaks this protocol."""
    path: str = scope["path"]
    return path == "/v2" or path.startswith("/v2/")


def failure(
    scope: Scope,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    sample: Any = None,
) -> Response:
    """The response to a request that failed.

    Args:
        scope: The request's.
        status: As it would be elsewhere.
        detail: Why.
        headers: More of them.
        sample: A body that would have been taken.
    """
    body = {"error": detail, "request_id": scope["request_id"]}
    if sample is not None:
        body["sample"] = sample
    content = json.dumps(body, ensure_ascii=True, allow_nan=False)
    status = 400 if status == 422 else status
    return Response(content, status, dict(headers or {}), "application/json")
