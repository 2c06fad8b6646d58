"""Every payload of every kind, and what comes of sending them."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from tests.hostile import forms, http_messages, images, json_bodies, sites, strings, uploads
from tests.hostile.json_bodies import Document
from tests.hostile.oracle import Verdicts
from tests.hostile.service import Target
from tests.hostile.wire import Named, Request, Wire

KINDS: Mapping[str, Callable[[Document], Named]] = {
    "malformed JSON": json_bodies.malformed,
    "wrong types": json_bodies.wrong_types,
    "strings in bodies": strings.in_bodies,
    "strings in addresses": strings.in_targets,
    "strings in headers": strings.in_headers,
    "images": images.sent,
    "forms": forms.sent,
    "files": uploads.sent,
    "paths": http_messages.traversals,
    "ranges": http_messages.ranges,
}

HALF_SAID = 5.0
"""Seconds for what is no whole request; the service itself waits longer for the rest of it."""

SITES: Mapping[str, Callable[[Document], Named]] = {
    "foreign names": sites.rebound,
    "pages of other sites": sites.across,
}


def send(service: Target, payloads: Iterator[tuple[str, Request]], every: int = 1) -> Verdicts:
    """Send every so-manieth payload, one after the other, and judge what comes."""
    verdicts = Verdicts()
    with Wire(service.address) as wire:
        for name, request in islice(payloads, 0, None, every):
            verdicts.take(name, request, wire.ask(request))
    return verdicts


def send_raw(service: Target, every: int = 1) -> Verdicts:
    """Send what is no HTTP, each on a connection of its own."""
    verdicts = Verdicts()
    for name, sent, statuses in islice(http_messages.raw(), 0, None, every):
        with Wire(service.address, patience=HALF_SAID) as wire:
            answer = wire.exchange(sent)
        request = Request("RAW", sent[:60].decode("latin-1"), statuses=statuses)
        verdicts.take(name, request, answer, raw=True)
    return verdicts
