"""The model that a path names, by its id or by an alias, ready to predict."""

from typing import Annotated

from fastapi import Path
from fastapi.concurrency import run_in_threadpool

from app.api.dependencies import Services
from app.domain.errors import NotFound
from app.services.registry import Version
from app.services.serving import LoadedModel

ModelName = Annotated[str, Path(description="A model's id, or an alias.")]


def load(parts: Services, name: str) -> LoadedModel:
    """The model, read from the storage if it is not in memory.

    Raises:
        NotFound: There is none of this name.
    """
    return load_version(parts, name, None)[1]


async def load_soon(parts: Services, name: str) -> LoadedModel:
    """The same for the event loop: one that is in memory is there at once."""
    return (await load_version_soon(parts, name, None))[1]


def load_version(parts: Services, name: str, version: str | None) -> tuple[Version, LoadedModel]:
    """A version of what a name stands for; None is the newest.

    Raises:
        NotFound: There is none.
    """
    try:
        return _load(parts, parts.registry.version(name, version))
    except NotFound:
        # Its alias may have moved, and the model been deleted, since the names were last read.
        parts.registry.refresh()
        return _load(parts, parts.registry.version(name, version))


async def load_version_soon(
    parts: Services, name: str, version: str | None
) -> tuple[Version, LoadedModel]:
    """The same for the event loop."""
    found = parts.registry.names.get(name, version)
    loaded = None if found is None else parts.serving.loaded(found.model_id)
    if found is None or loaded is None:
        return await run_in_threadpool(load_version, parts, name, version)
    return found, loaded


def _load(parts: Services, version: Version) -> tuple[Version, LoadedModel]:
    return version, parts.serving.load(version.model_id)
