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
from types import FrameType

import uvicorn

from app import traces
from app.api import memory
from app.api.connections import MAX_CONNECTIONS, Connection, close_overdue
from app.main import create_app
from app.settings import Settings, TraceSettings
from app.startup import START_FAILED, StopSignal
from app.storage import open_blobs, prepare
from app.store.database import Database
from app.trainer import worker
from app.trainer.attempt import TrainerSettings
from engine.parallel import single_threaded_blas

GRACE_SECONDS = 5

YOUNG = 20_000
"""So many more objects than were freed, and the young ones are searched for cycles. A request
leaves none; Python's own 700 would have them searched for all the time."""

TICKS_A_SECOND = 10
"""uvicorn's own."""

SWITCH_SECONDS = 0.0005
"""How long a thread may compute while the event loop waits for the interpreter. It waits anew after
every read and every write: Python's own 5 ms would be a second for a hundred connections."""

log = logging.getLogger(__name__)


def _trace(service: str) -> None:
    """Send traces where that is wanted; what is only to be watched serves without, too."""
    if TraceSettings().wanted:
        try:
            traces.export(service)
        except traces.NoExporter as missing:
            log.warning("no traces are sent: %s", missing)


def answer(settings: Settings, listener: socket.socket) -> None:
    """Serve the API on a listening socket until SIGTERM or SIGINT."""
    memory.share_heaps()
    prepare(settings)
    _trace("mnistry-api")
    _allow_connections()
    app = create_app(settings)

    class Server(uvicorn.Server):
        """Ends its streams when it is told to stop, and each second what is held too long."""

        async def on_tick(self, counter: int) -> bool:
            if counter % TICKS_A_SECOND == 0:
                close_overdue(self.server_state.connections, asyncio.get_running_loop().time())
                await asyncio.to_thread(memory.give_back)
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
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.set_threshold(YOUNG)
    gc.freeze()  # what is loaded by now stays: no collection has to look through it again
    with single_threaded_blas():
        server.run(sockets=[listener])
    traces.flush()


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
    _trace("mnistry-trainer")
    database = Database(settings.url)
    blobs = open_blobs(settings.artifacts_url, database)
    trainer = TrainerSettings(
        name=name,
        threads=settings.threads,
        checkpoint_seconds=settings.checkpoint_seconds,
        stall_seconds=settings.stall_seconds,
        memory_bytes=settings.max_job_memory_bytes,
        max_seconds=settings.max_job_seconds,
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
        traces.flush()
        os._exit(code)  # the queue's threads wait for ever, and would keep the process
