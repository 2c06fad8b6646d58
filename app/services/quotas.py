"""How much is kept for clients; what would be more is refused until they delete something."""

from dataclasses import dataclass

from app.domain.errors import StorageFull
from app.store import usage
from app.store.database import Connection
from app.store.usage import Kind


@dataclass(frozen=True)
class Quotas:
    """The most that is stored.

    Attributes:
        storage_bytes: All of it together, in the database and in object storage.
        networks: How many.
        models: How many.
        datasets: How many.
        jobs: How many, those that have ended included.
    """

    storage_bytes: int
    networks: int
    models: int
    datasets: int
    jobs: int


def check_room(connection: Connection, quotas: Quotas, *kinds: Kind, more: int = 1) -> None:
    """Refuse to store more than there is to be.

    Args:
        connection: Where it would be stored.
        quotas: The most.
        kinds: What there will be more of.
        more: How many; 0 where they are stored already, in the connection's transaction.

    Raises:
        StorageFull: There is as much already.
    """
    if usage.stored_bytes(connection) >= quotas.storage_bytes:
        msg = f"{quotas.storage_bytes:,} bytes are stored; delete models, jobs or datasets first"
        raise StorageFull(msg)
    for kind in kinds:
        most = getattr(quotas, kind)
        if usage.count(connection, kind) + more > most:
            raise StorageFull(f"there are {most:,} {kind} already; delete some of them first")
