"""Networks: define, judge and check them."""

import numpy as np

from app.domain import clock, ids
from app.domain.definitions import Limits, NetworkDefinition, Summary, build, summarise
from app.domain.errors import NotFound, StateConflict
from app.domain.presets import PRESETS, PresetReference
from app.domain.records import Network
from app.store import networks
from app.store.database import Connection
from engine.gradcheck import TOLERANCE, LayerCheck, gradcheck
from engine.layers.activations import Softmax
from engine.losses import CrossEntropy, Loss, MeanSquaredError

GRADCHECK_BATCH = 4
GRADCHECK_MACS = 50_000_000
"""The largest network, in multiply-adds a sample, whose gradients are checked while one waits."""


def expand(body: NetworkDefinition | PresetReference) -> tuple[NetworkDefinition, str | None]:
    """A definition, and the name of the preset that it came from."""
    if isinstance(body, NetworkDefinition):
        return body, None
    definition = PRESETS[body.preset].definition
    return definition.model_copy(update={"name": body.name or body.preset}), body.preset


def define(
    connection: Connection, body: NetworkDefinition | PresetReference, limits: Limits
) -> tuple[Network, Summary]:
    """Store a definition whose shapes fit."""
    definition, preset = expand(body)
    summary = summarise(definition, limits)
    network = Network(
        id=ids.new_id("net"),
        created_at=clock.now(),
        preset=preset,
        definition=definition.model_dump(mode="json"),
    )
    networks.insert(connection, network)
    return network, summary


def find(connection: Connection, network_id: str) -> Network:
    """A stored network, or NotFound."""
    network = networks.get(connection, network_id)
    if network is None:
        raise NotFound("network", network_id)
    return network


def delete(connection: Connection, network_id: str) -> None:
    """Remove a network that no unfinished job and no model needs."""
    if networks.hold(connection, network_id) is None:
        raise NotFound("network", network_id)
    users = networks.users(connection, network_id)
    if users:
        raise StateConflict(f"network {network_id} is needed by {', '.join(users[:5])}")
    networks.delete(connection, network_id)


def check_gradients(definition: NetworkDefinition, limits: Limits) -> list[LayerCheck]:
    """Backpropagation of this very definition against central differences, in float64."""
    summary = summarise(definition, limits)
    if summary.macs > GRADCHECK_MACS:
        raise StateConflict(
            f"the network has {summary.macs:,} multiply-adds a sample; gradients are checked up to "
            f"{GRADCHECK_MACS:,}"
        )
    network = build(definition, seed=0)
    rng = np.random.default_rng(0)
    x = rng.random((*definition.input_shape, GRADCHECK_BATCH))
    loss: Loss = MeanSquaredError()
    if isinstance(network.layers[-1], Softmax):
        loss = CrossEntropy()
    outputs = summary.output_shape
    targets = rng.random((*outputs, GRADCHECK_BATCH))
    return gradcheck(network.layers, loss, x, targets, rng)


def passed(checks: list[LayerCheck]) -> bool:
    """Whether every layer's gradients are those of its forward pass."""
    return all(check.max_relative_error <= TOLERANCE for check in checks)
