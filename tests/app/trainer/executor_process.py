"""A trainer without training, for the queue's tests: python -m ... URL NAME LOG SECONDS.

Writes "start ID" and "end ID" to the log for every job that it is given.
"""

import sys
import threading
import time
from pathlib import Path

from app.store.database import Database
from app.trainer import queue


def main(url: str, name: str, log: str, seconds: float) -> None:
    database = Database(url)

    def write(line: str) -> None:
        with Path(log).open("a") as file:
            file.write(f"{line}\n")

    def run(job_id: str, turn: int) -> None:
        write(f"start {job_id} {name}")
        time.sleep(seconds)
        write(f"end {job_id} {name}")

    executor = queue.Executor(database, name, run)
    executor.start()
    write(f"ready {name}")
    for line in sys.stdin:
        executor.take_over(line.split())
        write(f"took over {name}")
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
