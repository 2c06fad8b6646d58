"""Which models there are and what the aliases point at, in memory.

Predicting asks no database: the registry is read again several times a second, whenever this
process changes something, and whenever it shows a client something newer than it knows.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.domain.errors import NotFound
from app.store import aliases, models
from app.store.database import Database

REFRESH_SECONDS = 0.5
LATEST = "latest"
"""The alias that always names the newest model."""


@dataclass(frozen=True)
class Names:
    """What was read, at one moment."""

    models: frozenset[str] = frozenset()
    aliases: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """The id of the model that an id or an alias names."""
        return name if name in self.models else self.aliases.get(name)


class Registry:
    """The names of this process's models.

    Args:
        database: Where they are stored.
        on_failure: Told of what went wrong in the background; the last names stay in use.
    """

    def __init__(self, database: Database, on_failure: Callable[[Exception], None]) -> None:
        self._database = database
        self._on_failure = on_failure
        self._names = Names()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_fresh, name="registry", daemon=True)

    def start(self) -> None:
        self.refresh()
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def refresh(self) -> None:
        """Read the names again."""
        with self._database.reading() as connection:
            known = models.ids(connection)
            pointers = {a.alias: a.model_id for a in aliases.all_of_them(connection)}
        if known:
            pointers[LATEST] = known[0]
        self._names = Names(frozenset(known), pointers)

    def knows(self, model_id: str) -> bool:
        return model_id in self._names.models

    def get(self, name: str) -> str | None:
        """The id of the model that an id or an alias names, by what was last read."""
        return self._names.get(name)

    def learn(self, model_ids: Iterable[str | None]) -> None:
        """Read the names again if one of these models, which a client is shown, is new."""
        if not all(model_id is None or self.knows(model_id) for model_id in model_ids):
            self.refresh()

    def resolve(self, name: str) -> str:
        """The id of the model that an id or an alias names; a name that is not known is looked up.

        Raises:
            NotFound: There is none.
        """
        model_id = self._names.get(name)
        if model_id is None:
            self.refresh()
            model_id = self._names.get(name)
        if model_id is None:
            what = "model yet for the alias" if name == LATEST else "model or alias"
            raise NotFound(what, name)
        return model_id

    def _keep_fresh(self) -> None:
        while not self._closed.wait(REFRESH_SECONDS):
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 - predicting goes on, whatever is wrong
                self._on_failure(error)
