"""Our own regular expressions take time that grows with a text, not with its square."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

import app

LONG = 50_000
TEXTS = [
    *(
        part * LONG + tail
        for part in ("a", " ", "0", "/", "-", ".", "\\", '"')
        for tail in ("", "!")
    ),
    *(part * (LONG // 2) for part in ("a-", "a.", " ,", "0,", "/a", "a:", "\r\n", "a b")),
    *(start + " " * LONG + "!" for start in ("bytes=", "a:", "{", "/v1/models/")),
    *(start + "a" * LONG + end for start in ("/v1/models/", "/v2/models/") for end in ("", "/x")),
]


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for module in pkgutil.walk_packages(app.__path__, "app."):
        if "migrations" in module.name or module.name == "app.__main__":
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                yield f"{module.name}.{name}", value


@pytest.mark.parametrize(("name", "pattern"), list(patterns()))
def test_no_pattern_takes_long(name: str, pattern: re.Pattern[Any]) -> None:
    for text in TEXTS:
        began = time.thread_time()
        pattern.fullmatch(text.encode() if isinstance(pattern.pattern, bytes) else text)

        assert time.thread_time() - began < 0.05, text[:20]
