"""What a trainer clears away beside its work: answers, turns and objects that nobody needs.

Every trainer does it, at no risk: to remove what is gone already is no error.
"""

import logging
import time

from app.domain import clock
from app.store import idempotency, trainers
from app.store.blobs import ArtifactsAway, Blobs
from app.store.database import Database, DatabaseAway, DatabaseBusy
from app.trainer import queue

TIDY_SECONDS = 60.0
SWEEP_SECONDS = 3600.0
"""How often unused objects are removed, and everything else that nobody will ask for again."""

KEEP_SECONDS = 24 * 3600.0
"""How long answers can be asked for again by their key, and ended turns are known."""

log = logging.getLogger(__name__)


def keep(database: Database, blobs: Blobs) -> None:
    """Remove what nobody needs, as long as the process lives."""
    swept = -SWEEP_SECONDS
    while True:
        try:
            blobs.remove_unused(database)
            if time.monotonic() - swept >= SWEEP_SECONDS:
                _sweep(database, blobs)
                swept = time.monotonic()
        except (DatabaseAway, DatabaseBusy, ArtifactsAway) as error:
            log.warning("the store does not answer: %s", error)
        time.sleep(TIDY_SECONDS)


def _sweep(database: Database, blobs: Blobs) -> None:
    before = clock.ago(KEEP_SECONDS)
    with database.writing() as connection:
        idempotency.forget_before(connection, before)
        trainers.forget(connection, KEEP_SECONDS)
    client = queue.Queue(database)
    client.forget(before)
    client.close()
    removed = blobs.sweep(database)
    if removed:
        log.info("removed %d objects that nothing names", removed)
