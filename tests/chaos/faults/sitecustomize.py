"""Kills a process at a named point, once.

Python imports this module by its name when it starts, where the folder is on PYTHONPATH. The file
that MNISTRY_TEST_FAULT names says where a process is to die: `role target when n number`, as in
`trainer app.store.jobs:claim after 1 7`. Whoever gets there renames the file, so that it happens
once. The product knows nothing of this.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

TARGETS = (
    "app.store.jobs:insert",
    "app.trainer.queue:Queue.enqueue",
    "app.store.idempotency:put",
    "app.api.responses:_response",
    "sqlalchemy.engine.default:DefaultDialect.do_commit",
    "app.store.jobs:claim",
    "app.store.jobs:record",
    "app.store.jobs:move",
    "app.store.jobs:finish",
    "app.store.blobs:Blobs.upload",
    "app.store.blobs:Blobs.get",
    "app.store.blobs:put",
    "app.store.blobs:delete_unused",
    "app.store.models:insert",
    "app.store.aliases:point",
    "app.children.messages:send",
    "app.children.messages:receive",
    "app.formats.tensors:pack_checkpoint",
    "app.formats.tensors:pack_weights",
)


def role() -> str:
    """Which part of the service this process is."""
    arguments = sys.orig_argv
    if "app.trainer.run" in arguments:
        return "child"
    return arguments[arguments.index("app") + 1] if "app" in arguments else "other"


class Fault:
    """The point at which this process is to die, as the file has it at the moment."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._role = role()
        self._order = ""
        self._passed = 0

    def passed(self, target: str, when: str) -> None:
        """Die here, if that is the order."""
        try:
            order = self._file.read_text()
        except OSError:
            return
        if order != self._order:
            self._order, self._passed = order, 0
        wanted_role, wanted_target, wanted_when, n, _ = order.split()
        if (wanted_role, wanted_target, wanted_when) != (self._role, target, when):
            return
        self._passed += 1
        if self._passed < int(n):
            return
        try:
            self._file.rename(self._file.with_suffix(".fired"))
        except OSError:
            return  # another process was faster
        os.kill(os.getpid(), signal.SIGKILL)


def wrap(module: ModuleType, target: str, fault: Fault) -> None:
    """Have a function pass the fault before and after it does its work."""
    owner: Any = module
    *path, name = target.partition(":")[2].split(".")
    for step in path:
        owner = getattr(owner, step)
    function: Callable[..., Any] = getattr(owner, name)

    @wraps(function)
    def passing(*args: Any, **kwargs: Any) -> Any:
        fault.passed(target, "before")
        result = function(*args, **kwargs)
        fault.passed(target, "after")
        return result

    setattr(owner, name, passing)


class Finder(importlib.abc.MetaPathFinder):
    """Wraps the targets of a module when it has been imported."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._modules = {target.partition(":")[0] for target in TARGETS}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self._modules:
            return None
        self._modules.remove(fullname)  # the next finder is the usual one
        spec = importlib.util.find_spec(fullname)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def execute_and_wrap(module: ModuleType) -> None:
            execute(module)
            for one in TARGETS:
                if one.partition(":")[0] == fullname:
                    wrap(module, one, self._fault)

        spec.loader.exec_module = execute_and_wrap  # type: ignore[method-assign]
        return spec


if "MNISTRY_TEST_FAULT" in os.environ:
    sys.meta_path.insert(0, Finder(Fault(Path(os.environ["MNISTRY_TEST_FAULT"]))))
