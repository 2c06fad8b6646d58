"""Named points at which a process may be killed while a job is on its way."""

from typing import NamedTuple

COMMIT = "sqlalchemy.engine.default:DefaultDialect.do_commit"
SEND = "app.children.messages:send"
UPLOAD, PUT = "app.store.blobs:Blobs.upload", "app.store.blobs:put"


class Point(NamedTuple):
    """`n`: it is the n-th time that the process comes to this point after the order was given."""

    role: str
    target: str
    when: str
    n: int = 1

    def __str__(self) -> str:
        nth = f" #{self.n}" if self.n > 1 else ""
        return f"{self.role}: {self.when} {self.target.rpartition(':')[2]}{nth}"


def around(role: str, target: str, *ns: int) -> list[Point]:
    """Before and after a function, at each of its calls that are named."""
    return [Point(role, target, when, n) for n in ns or (1,) for when in ("before", "after")]


API = [
    *around("api", "app.store.jobs:insert"),
    *around("api", "app.trainer.queue:Queue.enqueue"),
    *around("api", "app.store.idempotency:put"),
    *around("api", COMMIT),
    *around("api", "app.api.responses:_response"),
]

TRAINER = [
    *around("trainer", "app.store.jobs:claim"),
    *around("trainer", "app.store.jobs:move"),
    *around("trainer", SEND),
    *around("trainer", "app.store.jobs:record", 1, 2, 4),
    *around("trainer", UPLOAD, 1, 2),
    *around("trainer", PUT, 1, 2),
    *around("trainer", "app.store.blobs:delete_unused", 1, 2),
    *around("trainer", "app.store.jobs:finish"),
    *around("trainer", "app.store.models:insert"),
    *around("trainer", "app.store.aliases:point"),
    *around("trainer", COMMIT, *range(1, 9)),
]

CHILD = [
    *around("child", "app.children.messages:receive"),
    *around("child", SEND, *range(1, 7)),
    *around("child", "app.formats.tensors:pack_checkpoint", 1, 2),
    *around("child", "app.formats.tensors:pack_weights"),
]

ALL = [*API, *TRAINER, *CHILD]

SOME = [
    Point("api", COMMIT, "before"),
    Point("api", "app.api.responses:_response", "before"),
    Point("trainer", "app.store.jobs:claim", "after"),
    Point("trainer", PUT, "after"),
    Point("trainer", "app.store.models:insert", "after"),
    Point("trainer", COMMIT, "after", 3),
    Point("child", "app.formats.tensors:pack_checkpoint", "after", 2),
    Point("child", "app.formats.tensors:pack_weights", "after"),
]
"""For the short run: one of each kind."""
