"""Everything that can go wrong for a reason that a client can act on.

MnistryError
├── InvalidInput          the body, a parameter or a file does not validate
├── UnusableImage         a picture that cannot be read as a digit
├── UnusableFile          a model file that cannot be imported
├── NotFound              no such resource
├── StateConflict         the resource exists, its state forbids the request
├── PreconditionFailed    If-Match names another version
├── IdempotencyMismatch   the key was used for another body
├── TooManyJobs           the queue is full
├── StorageFull           as much is stored as may be
└── Overloaded            more is asked for than can be done in time

No error here knows a status code: app/api/problems.py is the one table from error to status.
"""

from collections.abc import Sequence
from typing import NamedTuple

Loc = tuple[str | int, ...]


class FieldError(NamedTuple):
    """One thing that is wrong, and where in the client's own body it stands."""

    loc: Loc
    msg: str
    type: str


class MnistryError(Exception):
    """The root: an error whose text may be shown to a client."""


class InvalidInput(MnistryError):
    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(error.msg for error in errors))
        self.errors = list(errors)

    @classmethod
    def at(cls, loc: Loc, msg: str, kind: str) -> "InvalidInput":
        return cls([FieldError(loc, msg, kind)])


class UnusableImage(MnistryError):
    """A picture that cannot be read as a digit; `kind` says in one word why."""

    def __init__(self, msg: str, kind: str) -> None:
        super().__init__(msg)
        self.kind = kind


class UnusableFile(MnistryError):
    """A model file that cannot be imported; the text names what in it is wrong."""


class NotFound(MnistryError):
    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"There is no {what} {name!r}.")


class StateConflict(MnistryError):
    def __init__(self, msg: str, allowed_from: Sequence[str] | None = None) -> None:
        super().__init__(msg)
        self.allowed_from = None if allowed_from is None else list(allowed_from)


class PreconditionFailed(MnistryError):
    pass


class IdempotencyMismatch(MnistryError):
    pass


class TooManyJobs(MnistryError):
    pass


class StorageFull(MnistryError):
    pass


class Overloaded(MnistryError):
    """More is asked for than can be done in time; `retry_after` says in seconds when it may be."""

    def __init__(self, msg: str, retry_after: float) -> None:
        super().__init__(msg)
        self.retry_after = retry_after
