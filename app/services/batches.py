"""Rows of several callers, computed as one batch; each caller gets its own back."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from app.services.serving import LoadedModel
from engine.arrays import Array


class Run(NamedTuple):
    """What a model gave for some rows, and what it took.

    Attributes:
        output: (rows, ...), float32.
        is_digit: (rows,), how much each looks like the training set; None where nobody asked, or
            where it is not known.
        queued: Seconds from the request to the start of the batch.
        computed: Seconds that the batch took.
        batch_rows: The rows of the whole batch, those of other callers too.
    """

    output: Array
    is_digit: Array | None
    queued: float
    computed: float
    batch_rows: int


@dataclass(eq=False)
class Caller:
    """One caller's rows (rows, *input_shape), and where it waits for its answer."""

    x: Array
    judged: bool
    answer: "asyncio.Future[Run]"
    since: float = field(default_factory=time.perf_counter)


class Batch:
    """The rows of some callers; computed in any thread, answered in the loop that they wait in.

    Args:
        model: What computes them.
        callers: At least one.
    """

    def __init__(self, model: LoadedModel, callers: Sequence[Caller]) -> None:
        self._model = model
        self._callers = callers
        self._began = 0.0
        self._output: Array | None = None
        self._is_digit: Array | None = None
        self.rows = sum(len(caller.x) for caller in callers)
        self.seconds = 0.0

    def compute(self) -> None:
        """Run the model; look how familiar the rows are if one of the callers wants to know."""
        self._began = time.perf_counter()
        arrays = [caller.x for caller in self._callers]
        x = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        self._output = self._model.predict(x)
        if any(caller.judged for caller in self._callers):
            self._is_digit = self._model.is_digit(x)
        self.seconds = time.perf_counter() - self._began

    def answer(self) -> None:
        """Give each caller its rows."""
        assert self._output is not None  # noqa: S101 - it was computed
        end = 0
        for caller in self._callers:
            mine = slice(end, end := end + len(caller.x))
            if caller.answer.done():  # its time was up, or it went away
                continue
            known = None if self._is_digit is None else self._is_digit[mine]
            queued = self._began - caller.since
            caller.answer.set_result(
                Run(self._output[mine], known, queued, self.seconds, self.rows)
            )

    def fail(self, error: Exception) -> None:
        """Tell those who asked."""
        for caller in self._callers:
            if not caller.answer.done():
                caller.answer.set_exception(error)
