"""The model that a path names, by its id or by an alias, ready to predict."""

from fastapi.concurrency import run_in_threadpool

from app.api.dependencies import Services
from app.domain.errors import NotFound
from app.services.serving import LoadedModel


def load(parts: Services, name: str) -> LoadedModel:
    """The model, read from the storage if it is not in memory.

    Raises:
        NotFound: There is none of this name.
    """
    try:
        return parts.serving.load(parts.registry.resolve(name))
    except NotFound:
        # Its alias may have moved, and the model been deleted, since the names were last read.
        parts.registry.refresh()
        return parts.serving.load(parts.registry.resolve(name))


async def load_soon(parts: Services, name: str) -> LoadedModel:
    """The same for the event loop: one that is in memory is there at once."""
    model_id = parts.registry.get(name)
    loaded = None if model_id is None else parts.serving.loaded(model_id)
    if loaded is None:
        loaded = await run_in_threadpool(load, parts, name)
    return loaded
