"""The client itself."""

from types import TracebackType
from typing import Self

from app.client.address import DEFAULT_URL, Address
from app.client.blocking.resources import Aliases, Datasets, Jobs, Models, Networks, Sweeps
from app.client.blocking.transport import Transport


class Client:
    """A service, spoken to over HTTP. Threads may share one; close it, or use it in a `with`.

    Connections that are lost are made again; what creates something is sent with a key, so that
    it is created once. Of 429 and 503 it waits as long as the service asks, for half a minute.

    Args:
        url: Where the service is.
        key: A key, where the service asks for one.
        timeout: Seconds to wait for an answer; what reads whole datasets is given longer.

    Raises:
        ValueError: The address or the key cannot be one.
    """

    def __init__(
        self, url: str = DEFAULT_URL, key: str | None = None, *, timeout: float = 60.0
    ) -> None:
        self._transport = Transport(Address(url, key, timeout))
        self.networks = Networks(self._transport)
        self.datasets = Datasets(self._transport)
        self.jobs = Jobs(self._transport)
        self.models = Models(self._transport)
        self.aliases = Aliases(self._transport)
        self.sweeps = Sweeps(self._transport)

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
