"""Networks: define, validate, read, delete, check."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import Discriminator, Tag

from app.api.declared import created, problems, versioned
from app.api.dependencies import LongWork, Parts, Services
from app.api.responses import OnceOnly, Pages, listed, tagged
from app.api.schemas.common import ListBody
from app.api.schemas.networks import GradcheckBody, NetworkBody, SummaryBody
from app.api.strict_json import StrictRoute
from app.domain import ids
from app.domain.definitions import NetworkDefinition, summarise
from app.domain.presets import PresetReference
from app.domain.records import Network
from app.services import networks as service
from app.services.estimates import estimate
from app.services.quotas import check_room
from app.store import networks as store
from app.store.database import Connection

router = APIRouter(prefix="/v1/networks", tags=["networks"], route_class=StrictRoute)


NetworkId = Annotated[str, Path(description="A network's id.")]


def _kind(body: Any) -> str:
    """The tag of a body; it stands in the place of errors, so it is nothing that a field is."""
    preset = "preset" in body if isinstance(body, dict) else isinstance(body, PresetReference)
    return "a preset" if preset else "a definition"


_SMALL_CNN = {
    "name": "small-cnn",
    "input_shape": [1, 28, 28],
    "layers": [
        {"type": "conv2d", "output_channels": 8, "kernel_size": 3, "padding": "same"},
        {"type": "relu"},
        {"type": "max_pool2d", "kernel_size": 2},
        {"type": "flatten"},
        {"type": "dense", "output_dim": 10},
        {"type": "softmax"},
    ],
}

AnyNetwork = Annotated[
    Annotated[NetworkDefinition, Tag("a definition")] | Annotated[PresetReference, Tag("a preset")],
    Discriminator(_kind),
    Body(
        openapi_examples={
            "definition": {"summary": "A network, layer by layer", "value": _SMALL_CNN},
            "preset": {"summary": "A preset", "value": {"preset": "lenet5", "name": "mine"}},
        }
    ),
]


class ValidatedBody(SummaryBody):
    """A definition that could be stored."""


@router.post(
    "",
    status_code=201,
    response_model=NetworkBody,
    responses=created(400, 409, 413, 415, 422),
)
def networks_create(body: AnyNetwork, parts: Parts, once: OnceOnly) -> Response:
    """Store a network whose shapes fit; the sizes of its layers' inputs are inferred."""

    def create(connection: Connection) -> tuple[NetworkBody, str]:
        check_room(connection, parts.quotas, "networks")
        network, summary = service.define(connection, body, parts.limits)
        definition = NetworkDefinition.model_validate(network.definition)
        cost = estimate(summary, parts.threads)
        answer = NetworkBody.of(network, definition, summary, cost)
        return answer, f"/v1/networks/{network.id}"

    return once.run(parts.database, 201, create)


@router.post("/validate", responses=problems(400, 413, 415, 422))
def networks_validate(body: AnyNetwork, parts: Parts) -> ValidatedBody:
    """Judge a network as `POST /v1/networks` does, and store nothing."""
    definition, preset = service.expand(body)
    summary = summarise(definition, parts.limits)
    cost = estimate(summary, parts.threads)
    return ValidatedBody(**SummaryBody.fields_of(definition, preset, summary, cost))


@router.get("", responses=problems(422))
def networks_list(parts: Parts, pages: Pages) -> ListBody[NetworkBody]:
    """The stored networks, newest first."""
    with parts.database.reading() as connection:
        page = store.page(connection, pages.after(ids.pattern("net")), pages.limit)
    return listed([_body(network, parts) for network in page.records], page.next_id)


@router.get("/{network_id}", response_model=NetworkBody, responses=versioned(404))
def networks_read(network_id: NetworkId, request: Request, parts: Parts) -> Response:
    """One stored network."""
    with parts.database.reading() as connection:
        network = service.find(connection, network_id)
    return tagged(request, _body(network, parts))


@router.delete("/{network_id}", status_code=204, responses=problems(404, 409))
def networks_delete(network_id: NetworkId, parts: Parts) -> None:
    """Remove a network that no unfinished job and no model needs."""
    with parts.database.writing() as connection:
        service.delete(connection, network_id)


@router.post("/{network_id}/gradcheck", responses=problems(404, 409), dependencies=[LongWork])
def networks_gradcheck(network_id: NetworkId, parts: Parts) -> GradcheckBody:
    """Check backpropagation of this network against central differences, in float64."""
    with parts.database.reading() as connection:
        network = service.find(connection, network_id)
    definition = NetworkDefinition.model_validate(network.definition)
    checks = service.check_gradients(definition, parts.limits)
    return GradcheckBody.of(definition, checks, service.passed(checks))


def _body(network: Network, parts: Services) -> NetworkBody:
    definition = NetworkDefinition.model_validate(network.definition)
    summary = summarise(definition, parts.limits)
    return NetworkBody.of(network, definition, summary, estimate(summary, parts.threads))
