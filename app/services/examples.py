"""Samples of datasets, from memory where they were used before."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.datasets import Chunk, Dataset, Split
from app.domain.errors import NotFound
from app.store import blobs, chunks, datasets, mnist
from app.store.blobs import Blobs, CorruptBlob
from app.store.chunks import Examples
from app.store.database import Database
from engine.arrays import Shape

KEPT_BYTES = 2**28
"""So much of what was used last stays in memory, beside MNIST, which takes a fifth of it."""


class ExampleReader:
    """Reads chunks; a chunk never changes, so none is ever stale."""

    def __init__(self, database: Database, stored: Blobs, kept_bytes: int = KEPT_BYTES) -> None:
        self._database = database
        self._blobs = stored
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[tuple[str, Shape], Examples] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def read(self, dataset: Dataset, split: Split) -> Examples:
        """All of a split.

        Raises:
            NotFound: The dataset was deleted.
        """
        parts = self.chunks(dataset, split, dataset.contents[split].chunks)
        return chunks.join(parts, dataset.sample_shape)

    def chunks(self, dataset: Dataset, split: Split, some: Sequence[Chunk]) -> list[Examples]:
        """Some of the chunks of a split."""
        return [self._chunk(dataset, split, chunk) for chunk in some]

    def sample(self, dataset: Dataset, split: Split, index: int) -> tuple[NDArray[np.uint8], int]:
        """One sample, and its class.

        Raises:
            NotFound: There is no such sample, or the dataset was deleted.
        """
        first = 0
        for chunk in dataset.contents[split].chunks:
            if 0 <= index - first < chunk.samples:
                examples = self._chunk(dataset, split, chunk)
                return examples.images[index - first], int(examples.labels[index - first])
            first += chunk.samples
        raise NotFound(f"sample of {dataset.name}'s {split} split with index", str(index))

    def labels(
        self, dataset: Dataset, split: Split, label: int | None, first: int, limit: int
    ) -> list[tuple[int, int]]:
        """Indices and classes of some samples from `first` on, of one class or of all."""
        found: list[tuple[int, int]] = []
        begin = 0
        for chunk in dataset.contents[split].chunks:
            end = begin + chunk.samples
            if end > first and len(found) < limit:
                labels = self._chunk(dataset, split, chunk).labels
                inside = np.arange(max(first - begin, 0), chunk.samples)
                wanted = inside if label is None else inside[labels[inside] == label]
                some = wanted[: limit - len(found)]
                found += [(begin + int(i), int(labels[i])) for i in some]
            begin = end
        return found

    def _chunk(self, dataset: Dataset, split: Split, chunk: Chunk) -> Examples:
        if chunk.sha256 is None:
            return mnist.read(split)
        key = (chunk.sha256, dataset.sample_shape)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        content = self._content(dataset, chunk.sha256)
        examples = chunks.unpack(content, chunk.samples, dataset.sample_shape)
        with self._lock:
            if key not in self._kept:  # nobody else was faster
                self._kept[key] = examples
                self._bytes += examples.nbytes
            while self._bytes > self._kept_bytes:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return examples

    def _content(self, dataset: Dataset, sha256: str) -> bytes:
        with self._database.reading() as connection:
            found = blobs.find(connection, sha256)
        try:
            return self._blobs.fetch(found)
        except CorruptBlob:
            with self._database.reading() as connection:
                now = datasets.get(connection, dataset.name)
            if now is None or now.id != dataset.id:  # deleted in between
                raise NotFound("dataset", dataset.name) from None
            raise
