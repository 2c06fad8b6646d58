"""Why a command has failed, in one line: what was wrong, and what to try."""

import logging
import traceback
from typing import NamedTuple

from pydantic import ValidationError

from app.client import errors
from app.domain.errors import NotFound
from app.startup import START_FAILED, CannotStart

log = logging.getLogger(__name__)

_TRY: dict[type[errors.ClientError], str] = {
    errors.Unreachable: "start one with `mnistry serve`, or say where it is: --url, MNISTRY_URL",
    errors.Unauthorized: "give one of its keys: --key, MNISTRY_KEY",
    errors.Forbidden: "ask whoever runs the service for a key that may",
    errors.NotFound: "see `mnistry models`, `mnistry jobs`, `mnistry datasets`",
    errors.Overloaded: "try again later",
    errors.NotUnderstood: "is the address right, and is the service of the same version?",
}


class Failure(NamedTuple):
    """A line and an exit code."""

    line: str
    code: int


def explain(error: Exception) -> Failure:
    """What to say of an error; of one that nobody has foreseen also where it was raised."""
    if isinstance(error, CannotStart):
        return Failure(_one_line(str(error)), error.code)
    if isinstance(error, errors.ClientError):
        return Failure(_of_client(error), 1)
    if isinstance(error, NotFound):
        return Failure(_one_line(str(error)), 1)
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        line = f"MNISTRY_{str(first['loc'][0]).upper()}: {first['msg']}"
        return Failure(_one_line(line), START_FAILED)
    if isinstance(error, OSError) and error.strerror is not None:
        file = "" if error.filename is None else f"{error.filename}: "
        return Failure(f"{file}{error.strerror}", 1)
    if isinstance(error, ValueError):
        return Failure(_one_line(str(error)), START_FAILED)
    return Failure(_of_defect(error), 1)


def _of_client(error: errors.ClientError) -> str:
    said = [_one_line(str(error)).rstrip(".")]
    if isinstance(error, errors.Conflict) and error.allowed_from:
        said.append(f"possible from {', '.join(error.allowed_from)}")
    said += [hint for kind, hint in _TRY.items() if isinstance(error, kind)]
    return "; ".join(said)


def _of_defect(error: Exception) -> str:
    if logging.getLogger().handlers:  # a part of the service: its log tells all of it
        log.error("a defect", exc_info=error)
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    where = f"{frame.f_globals.get('__name__')}, line {line}"
    said = _one_line(f"{type(error).__name__}: {error}")
    return f"this is a defect of the program, please report it: {said} ({where})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
