"""What one process of the service does: answer requests, or train.

Each role brings the database to this version first, so that they can start in any order.
"""

import logging
import os
import socket
from types import FrameType

import uvicorn

from app.main import create_app
from app.settings import Settings
from app.startup import CannotStart, StopSignal
from app.store.database import Database, NoDatabase, SchemaTooNew
from app.trainer import queue, worker
from app.trainer.attempt import TrainerSettings
from engine.parallel import single_threaded_blas

GRACE_SECONDS = 5

log = logging.getLogger(__name__)


def prepare(settings: Settings) -> None:
    """Make or update the tables.

    Raises:
        CannotStart: The database is newer than this program, or none that it can use.
    """
    try:
        database = Database(settings.url)
    except NoDatabase as error:
        raise CannotStart(f"MNISTRY_DATABASE_URL: {error}") from error
    try:
        database.migrate()
        queue.migrate(database)
    except (SchemaTooNew, NoDatabase) as error:
        raise CannotStart(str(error)) from error
    finally:
        database.close()


def answer(settings: Settings, listener: socket.socket) -> None:
    """Serve the API on a listening socket until SIGTERM or SIGINT."""
    prepare(settings)
    app = create_app(settings)

    class Server(uvicorn.Server):
        """Ends its streams as soon as it is told to stop, so that none holds it up."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            if hasattr(app.state, "services"):  # else it has not started yet
                app.state.services.watch.close()

    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with single_threaded_blas():
        Server(config).run(sockets=[listener])


def train(settings: Settings, name: str) -> None:
    """Train jobs until SIGTERM or SIGINT, and end the process."""
    stop = StopSignal()
    prepare(settings)
    trainer = TrainerSettings(
        name=name,
        threads=settings.threads,
        checkpoint_seconds=settings.checkpoint_seconds,
        stall_seconds=settings.stall_seconds,
    )
    code = 1
    try:
        worker.work(Database(settings.url), trainer, stop.wait)
        code = 0
    except Exception:
        log.exception("the trainer failed")
    finally:
        os._exit(code)  # the queue's threads wait for ever, and would keep the process
