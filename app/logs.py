"""Logs: one JSON object a line on stderr, whoever writes and whatever the text holds.

Nobody can forge a line: what clients chose is inside a JSON string, which has no end of a line.
"""

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType

from app.log_ids import log_ids

log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """Formats a record; `extra={"fields": {...}}` puts more beside its message."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **log_ids(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


def to_stderr(level: str) -> None:
    """Have everything that this process has to say written so, its own end included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if logging.root.level < logging.INFO:  # DEBUG is about us, not about what we stand on
        logging.getLogger("app").setLevel(level)
        logging.root.setLevel(logging.INFO)
    for noisy in ("alembic", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    # A line that cannot be written is no reason for one that is none.
    logging.raiseExceptions = False
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    log.critical("the process fails", exc_info=(kind, error, traceback))


def _uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        log.critical("a thread fails", exc_info=failed.exc_value)


def _unraisable(failed: "sys.UnraisableHookArgs") -> None:
    log.error("ignored: %s", failed.err_msg or "an exception", exc_info=failed.exc_value)
