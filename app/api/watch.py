"""Waiting for jobs to change: one look at the database serves all who wait.

The store is where trainers and API processes meet, so news of a job is found by reading. As long as
somebody waits, one task reads the newest event of every job that is waited for, ten times a second.
"""

import asyncio
import logging
import sys
from collections import Counter

from app.store import jobs
from app.store.database import Database

POLL_SECONDS = 0.1

log = logging.getLogger(__name__)


class JobWatch:
    """The waiting room of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: Counter[str] = Counter()
        self._latest: dict[str, int] = {}
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self.closing = False

    async def changed(self, job_id: str, seen: int, seconds: float) -> bool:
        """Wait until a job has events after `seen`; False where there were none for so long."""
        self._waiting[job_id] += 1
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: self._has_news(job_id, seen))
        except TimeoutError:
            return False
        finally:
            self._waiting[job_id] -= 1
            if not self._waiting[job_id]:
                del self._waiting[job_id]
        return not self.closing

    def close(self) -> None:
        """Wake all who wait, for good; may be called from anywhere, a signal handler too."""
        self.closing = True
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._wake()))

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _has_news(self, job_id: str, seen: int) -> bool:
        return self.closing or self._latest.get(job_id, seen) > seen

    async def _look(self) -> None:
        while self._waiting and not self.closing:
            try:
                self._latest = await asyncio.to_thread(self._read, list(self._waiting))
            except Exception as error:  # noqa: BLE001 - who waits goes on waiting
                log.warning("cannot look for news of jobs: %s", error)
            await self._wake()
            await asyncio.sleep(POLL_SECONDS)
        self._task = None

    def _read(self, job_ids: list[str]) -> dict[str, int]:
        with self._database.reading() as connection:
            found = jobs.last_events(connection, job_ids)
        # That a job is gone is news too: who waits for it finds out.
        return {job_id: found.get(job_id, sys.maxsize) for job_id in job_ids}
