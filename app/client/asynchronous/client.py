"""The client itself."""

from types import TracebackType
from typing import Self

from app.client.address import DEFAULT_URL, Address
from app.client.asynchronous.resources import (
    AsyncAliases,
    AsyncDatasets,
    AsyncJobs,
    AsyncModels,
    AsyncNetworks,
    AsyncSweeps,
)
from app.client.asynchronous.transport import AsyncTransport


class AsyncClient:
    """A service, spoken to over HTTP from one event loop; else as `Client` in everything."""

    def __init__(
        self, url: str = DEFAULT_URL, key: str | None = None, *, timeout: float = 60.0
    ) -> None:
        self._transport = AsyncTransport(Address(url, key, timeout))
        self.networks = AsyncNetworks(self._transport)
        self.datasets = AsyncDatasets(self._transport)
        self.jobs = AsyncJobs(self._transport)
        self.models = AsyncModels(self._transport)
        self.aliases = AsyncAliases(self._transport)
        self.sweeps = AsyncSweeps(self._transport)

    async def close(self) -> None:
        """Close its connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
