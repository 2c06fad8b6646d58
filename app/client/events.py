"""A job's events as a stream, without the connection: what is asked, and what the lines say.

The connection may be lost at any time, also because the service is started again. Each event has
a number; the next connection asks for what follows the last that was seen.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from app.client.answers import BUSY, check, retry_after
from app.client.calls import FOLLOWING, Call, delays, unreachable
from app.client.jobs import path_of
from app.client.records import Json

SILENCE_SECONDS = 15.0
"""The service breaks silence every few seconds; after so many the connection is dead."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a job.

    Attributes:
        id: Grows from event to event.
        event: snapshot, status, progress, epoch, probe, log or end.
        at: When, RFC 3339; None for a snapshot, which is the job as it is.
        data: What happened.
    """

    id: int
    event: str
    at: str | None
    data: Json


class EventFeed:
    """One reader's place in a job's events.

    Args:
        job_id: The job.
        after: The last event that was seen; None: begin with a snapshot, 0: with the first event.
        clock: Seconds, from any time on.
    """

    def __init__(
        self, job_id: str, after: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = f"{path_of(job_id)}/events"
        self._seen = after
        self._clock = clock
        self._fields: dict[str, Any] = {}
        self._away_since: float | None = None
        self._delays = delays()
        self.ended = False

    def call(self) -> Call:
        """What to ask for now; the answer is read line by line."""
        headers = {"Accept": "text/event-stream"}
        params: Json = {}
        if self._seen == 0:
            params["after"] = 0
        elif self._seen is not None:
            headers["Last-Event-ID"] = str(self._seen)
        self._fields = {}
        return Call("GET", self._path, params=params, headers=headers, seconds=SILENCE_SECONDS)

    def opened(self, response: httpx.Response) -> float | None:
        """Look at the head of an answer; one that is no stream must have been read.

        Returns:
            None where there are lines to come; else the seconds to wait before the next call.

        Raises:
            ApiError: The service has refused.
        """
        if response.status_code == httpx.codes.NO_CONTENT:
            self.ended = True
            return 0.0
        if response.status_code in BUSY and self._patient():
            return retry_after(response) or next(self._delays)
        check(response)
        return None

    def line(self, line: str) -> Event | None:
        """The event that a line completes, if it does."""
        if self._away_since is not None:
            self._away_since = None
            self._delays = delays()
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "data" not in fields:
            return None
        data = json.loads(fields["data"])
        self._seen = int(fields["id"])
        self.ended = fields["event"] == "end"
        return Event(self._seen, fields["event"], data.pop("at", None), data)

    def lost(self, error: httpx.TransportError | None) -> float:
        """The seconds to wait after a connection ended, by an error or in good order.

        Raises:
            Unreachable: There was none for too long.
        """
        if self.ended:
            return 0.0
        if not self._patient() and error is not None:
            raise unreachable(error) from error
        return next(self._delays)

    def _patient(self) -> bool:
        """Note that there is no stream; whether that is not so for too long yet."""
        now = self._clock()
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since < FOLLOWING.answering
