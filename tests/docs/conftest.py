"""Readers of documents, with a service where the documents say that one is."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server, start_service
from tests.docs.markdown import ROOT, Reader

Begin = Callable[[Mapping[str, dict[str, str]]], Reader]
"""Services by the addresses that a document has for them, each with its settings: a reader."""


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Start services, and somebody who reads beside them."""
    running: list[Server] = []

    def start(services: Mapping[str, dict[str, str]]) -> Reader:
        replaced = {}
        for address, environment in services.items():
            data_dir = tmp_path / f"data-{address.partition(':')[2]}"
            running.append(start_service(data_dir, environment=environment))
            replaced[address] = running[-1].url.removeprefix("http://")
        url = running[0].url
        replaced["Client()"] = f'Client("{url}")'
        folder = tmp_path / "read"
        folder.mkdir()
        reader = Reader(folder, replaced)
        reader.variables |= {
            "PATH": f"{_commands(tmp_path / 'bin')}:{reader.variables['PATH']}",
            "PYTHONPATH": str(ROOT),
            "MNISTRY_URL": url,
        }
        return reader

    yield start
    for server in running:
        server.stop()


def _commands(folder: Path) -> Path:
    """Where `mnistry` is, as an installation would put it."""
    folder.mkdir()
    mnistry = folder / "mnistry"
    mnistry.write_text(f'#!/bin/sh\nexec {sys.executable} -m app "$@"\n')
    mnistry.chmod(0o755)
    return folder
