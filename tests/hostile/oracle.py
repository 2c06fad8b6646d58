"""How an answer to anything is judged."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from tests.hostile.wire import Answer, Request

PROBLEM = "application/problem+json"

LEAKS = re.compile(
    rb"Traceback|File \"|\.py\b|site-packages|sqlite3?\.|sqlalchemy|psycopg|pydantic\.dev"
    rb"|\bobject at 0x|\[SQL|errors\.pydantic",
    re.IGNORECASE,
)
"""What belongs into a log: places in the code, libraries' own words."""

_PARSERS = frozenset({400, 408, 414, 431})
"""What is refused before the application sees it is no problem of RFC 9457, and is closed."""


@dataclass
class Verdicts:
    """What has come of many requests."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def take(self, name: str, request: Request, answer: Answer, *, raw: bool = False) -> None:
        """Count an answer, and note what is wrong with it."""
        self.sent += 1
        self.statuses[answer.status] += 1
        self.seconds.append(answer.seconds)
        found = fault(request, answer, raw=raw)
        if found:
            self.wrong.append(f"{name}: {request.method} {request.target[:80]}: {found}")

    def percentile(self, share: float) -> float:
        """How long it took at most for so many of the requests."""
        return sorted(self.seconds)[int(len(self.seconds) * share) - 1]


def fault(request: Request, answer: Answer, *, raw: bool = False) -> str | None:
    """What is wrong with an answer; None: nothing.

    Args:
        request: What was sent.
        answer: What came.
        raw: The request was none by the rules: the service may hang up, or wait for the rest.
    """
    if answer.status == 0:
        return None if raw else "there was no answer"
    if answer.status >= 500:
        return f"{answer.status} {answer.content[:200]!r}"
    if request.statuses and answer.status not in request.statuses:
        return f"{answer.status}, expected one of {sorted(request.statuses)}"
    if answer.status >= 400:
        return _fault_of_refusal(request, answer)
    return None


def _fault_of_refusal(request: Request, answer: Answer) -> str | None:
    sent = bytes(request)
    leak = next((one for one in LEAKS.finditer(answer.content) if one.group() not in sent), None)
    if leak is not None:
        return f"{answer.status} tells {leak.group()!r}"
    if request.method == "HEAD":
        return None
    if "x-request-id" not in answer.headers:
        closes = answer.headers.get("connection") == "close"
        return None if closes and answer.status in _PARSERS else "it has no request id"
    v2 = request.target.partition("?")[0].startswith("/v2/")
    try:
        body = json.loads(answer.content.decode("ascii"))
    except ValueError:
        return f"{answer.status} is not JSON: {answer.content[:100]!r}"
    if v2:
        return None if body.get("error") else f"{answer.status} has no error: {body}"
    if answer.media_type != PROBLEM:
        return f"{answer.status} is {answer.media_type}"
    if body.get("status") != answer.status or not body.get("title"):
        return f"{answer.status} is no whole problem: {body}"
    if body.get("request_id") != answer.headers.get("x-request-id"):
        return f"{answer.status} has another request id than its header"
    return None
