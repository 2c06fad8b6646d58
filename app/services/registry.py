"""Which models there are and what the aliases point at, in memory.

Predicting asks no database: the registry is read again several times a second (`freshness.py`),
whenever this process changes something, and whenever it shows a client something newer than it
knows.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.domain.errors import NotFound
from app.domain.records import Alias
from app.store import aliases, models
from app.store.database import Database

LATEST = "latest"
"""The alias that always names the newest model; its version is how many models there are."""

ONLY = "1"
"""A model never changes, so it has one version."""


@dataclass(frozen=True)
class Version:
    """A model under a name: a model's own version is 1, an alias counts its moves."""

    model_id: str
    number: str = ONLY


@dataclass(frozen=True)
class Names:
    """What was read, at one moment.

    Attributes:
        models: Their ids, newest first.
        aliases: What each of them named, and names: its versions that still are there, newest
            first.
    """

    models: dict[str, None] = field(default_factory=dict)
    aliases: dict[str, tuple[Version, ...]] = field(default_factory=dict)

    def versions(self, name: str) -> tuple[Version, ...]:
        """What an id or an alias stands for, newest first; nothing where it is not known."""
        return (Version(name),) if name in self.models else self.aliases.get(name, ())

    def get(self, name: str, version: str | None = None) -> Version | None:
        """What a name stands for: its newest version, or the one with a number.

        In place of a number there may be a name: an alias, or a model's id. It must not contradict
        a name that is an id itself.
        """
        versions = self.versions(name)
        if version is None:
            return versions[0] if versions else None
        for one in versions:
            if one.number == version:
                return one
        other = self.versions(version)
        if not versions or not other or name not in (*self.aliases, other[0].model_id):
            return None
        return other[0]


class Registry:
    """The names of this process's models.

    Args:
        database: Where they are stored.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = Names()
        self._reading = threading.Lock()

    def refresh(self) -> None:
        """Read the names again."""
        # One at a time: an older reading must not come after a newer one.
        with self._reading:
            with self._database.reading() as connection:
                known = dict.fromkeys(models.ids(connection))
                pointers = {
                    a.alias: tuple(_versions(a, known)) for a in aliases.all_of_them(connection)
                }
            if known:
                pointers[LATEST] = (Version(next(iter(known)), str(len(known))),)
            self._names = Names(known, pointers)

    def knows(self, model_id: str) -> bool:
        return model_id in self._names.models

    def learn(self, model_ids: Iterable[str | None]) -> None:
        """Read the names again if one of these models, which a client is shown, is new."""
        if not all(model_id is None or self.knows(model_id) for model_id in model_ids):
            self.refresh()

    def resolve(self, name: str) -> str:
        """The id of the model that an id or an alias names; a name that is not known is looked up.

        Raises:
            NotFound: There is none.
        """
        return self.version(name).model_id

    def version(self, name: str, version: str | None = None) -> Version:
        """The same for one version of a name.

        Raises:
            NotFound: There is none.
        """
        found = self._names.get(name, version)
        if found is None:
            self.refresh()
            found = self._names.get(name, version)
        if found is None:
            if version is not None and self._names.get(name):
                raise NotFound(f"model {name!r} in version", version)
            what = "model yet for the alias" if name == LATEST else "model or alias"
            raise NotFound(what, name)
        return found

    @property
    def names(self) -> Names:
        """What is known now, without a look at the database."""
        return self._names


def _versions(alias: Alias, known: dict[str, None]) -> Iterator[Version]:
    """What an alias names and named, newest first, of what is known."""
    number = alias.moves
    for model_id in (alias.model_id, *(one["model_id"] for one in alias.past)):
        if model_id in known:
            yield Version(model_id, str(number))
        number -= 1
