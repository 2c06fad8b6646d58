"""What one process of the service does: answer requests, or train.

Each role brings the database to this version first, so that they can start in any order.
"""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
import time
from types import FrameType

import uvicorn

from app.api.connections import MAX_CONNECTIONS, Connection, close_overdue
from app.main import create_app, open_blobs
from app.settings import Settings
from app.startup import START_FAILED, TRY_AGAIN, CannotStart, StopSignal, check_disk
from app.store.database import Database, DatabaseAway, NoDatabase, SchemaTooNew, is_full
from app.trainer import queue, worker
from app.trainer.attempt import TrainerSettings
from engine.parallel import single_threaded_blas

GRACE_SECONDS = 5
TICKS_A_SECOND = 10
"""uvicorn's own."""

WAIT_SECONDS = 60
"""How long a database may take to be there, when all parts of a service are started at once."""

log = logging.getLogger(__name__)


def prepare(settings: Settings) -> None:
    """Make or update the tables; a database that does not answer yet is waited for.

    Raises:
        CannotStart: The database is newer than this program, or none that it can use.
    """
    if settings.database_url is None:
        check_disk(settings.data_dir)
    try:
        database = Database(settings.url)
    except NoDatabase as error:
        raise CannotStart(f"MNISTRY_DATABASE_URL: {error}") from error
    deadline, waited = time.monotonic() + WAIT_SECONDS, False
    try:
        while True:
            try:
                database.migrate()
                queue.migrate(database)
                open_blobs(settings.artifacts_url, database)  # says what is wrong with its URL
                return
            except DatabaseAway as error:
                if is_full(error):
                    raise CannotStart("the disk is full: the database cannot be written") from error
                if time.monotonic() > deadline:
                    msg = f"the database did not answer for {WAIT_SECONDS} s: {error.orig}"
                    raise CannotStart(msg, TRY_AGAIN) from error
                if not waited:
                    log.warning("the database does not answer yet: %s", error.orig)
                waited = True
                time.sleep(0.5)
    except (SchemaTooNew, NoDatabase) as error:
        raise CannotStart(str(error)) from error
    finally:
        database.close()


def answer(settings: Settings, listener: socket.socket) -> None:
    """Serve the API on a listening socket until SIGTERM or SIGINT."""
    prepare(settings)
    _allow_connections()
    app = create_app(settings)

    class Server(uvicorn.Server):
        """Ends its streams as soon as it is told to stop, and connections that are overdue."""

        async def on_tick(self, counter: int) -> bool:
            if counter % TICKS_A_SECOND == 0:
                close_overdue(self.server_state.connections, asyncio.get_running_loop().time())
            return await super().on_tick(counter)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            if hasattr(app.state, "services"):  # else it has not started yet
                app.state.services.watch.close()

    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = Server(config)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises it anew when all is done, for whoever had a handler before; by default that
        # would end the process as if it had been killed.
        signal.signal(number, server.handle_exit)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: no collection has to look through it again
    with single_threaded_blas():
        server.run(sockets=[listener])


def _allow_connections() -> None:
    """Take as many descriptors as connections may need, where the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MAX_CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def train(settings: Settings, name: str) -> None:
    """Train jobs until SIGTERM or SIGINT, and end the process."""
    stop = StopSignal()
    prepare(settings)
    database = Database(settings.url)
    blobs = open_blobs(settings.artifacts_url, database)
    trainer = TrainerSettings(
        name=name,
        threads=settings.threads,
        checkpoint_seconds=settings.checkpoint_seconds,
        stall_seconds=settings.stall_seconds,
    )
    code = 1
    try:
        worker.work(database, blobs, trainer, stop.wait)
        code = 0
    except worker.NameTaken as error:
        sys.stderr.write(f"mnistry: {error}\n")
        code = START_FAILED
    except Exception:
        log.exception("the trainer failed")
    finally:
        os._exit(code)  # the queue's threads wait for ever, and would keep the process
