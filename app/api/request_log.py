"""A line in the log for a request: that it failed, was refused at the edge, or (DEBUG) that it was.

What went well says nothing by default, so predictions pay a comparison for it. A line names the
route's template and nothing that the client chose but the request id, whose form is checked.
"""

import logging

_REFUSALS = frozenset((401, 403, 421))
"""Keys, origins and hosts that are not ours: what an operator wants to hear of."""

log = logging.getLogger(__name__)


def note(request_id: str, method: str, route: str, status: int, seconds: float) -> None:
    level = _level_of(status)
    if not log.isEnabledFor(level):
        return
    fields = {
        "request_id": request_id,
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 3),
    }
    log.log(level, "%s %s: %d", method, route, status, extra={"fields": fields})


def _level_of(status: int) -> int:
    if status >= 500:
        return logging.WARNING
    return logging.INFO if status in _REFUSALS else logging.DEBUG
