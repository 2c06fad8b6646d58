"""Models in memory, ready to predict."""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

import engine
from app.domain.definitions import NetworkDefinition, build, summarise
from app.domain.errors import NotFound
from app.domain.records import Model
from app.formats import familiarity, tensors
from app.store import blobs, models
from app.store.blobs import Blobs, CorruptBlob
from app.store.database import Database
from engine.arrays import Array, Shape, batch_first, batch_last
from engine.familiarity import Familiarity
from engine.layers import chain

KEPT = 16
"""How many models stay in memory."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model with its network, which any number of threads may use at once.

    Attributes:
        model: What is stored of it.
        network: With its weights.
        input_shape: Of one input.
        input_forms: The shapes in which one input may be sent: as it is, without sides of 1, flat.
        reconstructs: Whether it learnt its input.
        macs: Multiply-adds for one input.
    """

    model: Model
    network: engine.Network
    input_shape: Shape
    input_forms: frozenset[Shape]
    reconstructs: bool
    macs: int
    familiarity: Familiarity | None

    @classmethod
    def of(
        cls, model: Model, network: engine.Network, familiarity: Familiarity | None = None
    ) -> "LoadedModel":
        """A model with its network, which has its weights, and what is known of what it learnt."""
        definition = NetworkDefinition.model_validate(model.definition)
        summary = summarise(definition)
        shape = tuple(definition.input_shape)
        forms = frozenset({shape, tuple(n for n in shape if n != 1), (math.prod(shape),)})
        reconstructs = summary.output_shape == shape
        return cls(model, network, shape, forms, reconstructs, summary.macs, familiarity)

    def predict(self, x: Array) -> Array:
        """The output for a batch (batch, *input_shape) of float32; its shape is not checked."""
        return batch_first(chain.forward(self.network.layers, batch_last(x)))

    def is_digit(self, x: Array) -> Array | None:
        """How much each of a batch looks like the training set, (batch,) in 0..1, where known."""
        return None if self.familiarity is None else self.familiarity.score(x)


class Serving:
    """The models that were used last; a model never changes, so none is ever stale."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self._database = database
        self._blobs = blobs
        self._loaded: OrderedDict[str, LoadedModel] = OrderedDict()
        self._dropped: set[str] = set()
        self._lock = threading.Lock()
        self._reading = [threading.Lock() for _ in range(KEPT)]

    def loaded(self, model_id: str) -> LoadedModel | None:
        """A model that is in memory."""
        with self._lock:
            loaded = self._loaded.get(model_id)
            if loaded is not None:
                self._loaded.move_to_end(model_id)
            return loaded

    def drop(self, model_id: str) -> None:
        """Forget a model until it is next used; what runs on it runs on."""
        with self._lock:
            self._loaded.pop(model_id, None)
            self._dropped.add(model_id)

    def dropped(self, model_id: str) -> bool:
        """Whether a model was dropped, and not used since."""
        return model_id in self._dropped

    def load(self, model_id: str) -> LoadedModel:
        """A model, from memory where it was used before.

        Raises:
            NotFound: It was deleted.
        """
        loaded = self.loaded(model_id)
        if loaded is not None:
            return loaded
        with self._reading[hash(model_id) % len(self._reading)]:  # others who want it wait for it
            loaded = self.loaded(model_id) or self._read(model_id)
        with self._lock:
            self._loaded[model_id] = loaded
            self._dropped.discard(model_id)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        return loaded

    def _read(self, model_id: str) -> LoadedModel:
        with self._database.reading() as connection:
            model = models.get(connection, model_id)
            if model is None:
                raise NotFound("model", model_id)
            names = [name for name in (model.sha256, model.familiarity_sha256) if name]
            stored = [blobs.find(connection, name) for name in names]
        try:
            weights, *known = [self._blobs.fetch(one) for one in stored]
        except CorruptBlob:
            with self._database.reading() as connection:
                if models.get(connection, model_id) is None:  # deleted in between
                    raise NotFound("model", model_id) from None
            raise
        network = build(NetworkDefinition.model_validate(model.definition), seed=0)
        tensors.unpack_weights(weights, network.layers)
        return LoadedModel.of(model, network, familiarity.unpack(known[0]) if known else None)
