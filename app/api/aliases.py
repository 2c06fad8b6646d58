"""Aliases: names for models that can be moved from one to the next."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Request, Response

from app.api.declared import headers, problems, versioned
from app.api.dependencies import Parts
from app.api.responses import Pages, changed, listed, require_match, tagged
from app.api.schemas.common import ListBody
from app.api.schemas.models import AliasBody, AliasRequest
from app.api.strict_json import StrictRoute
from app.domain.errors import NotFound
from app.domain.ids import NAME_PATTERN
from app.domain.text import ResourceName
from app.services import models as service
from app.services.registry import LATEST
from app.store import aliases as store

router = APIRouter(prefix="/v1/aliases", tags=["models"], route_class=StrictRoute)

AliasName = Annotated[ResourceName, Path(description="The name.")]
AnyAlias = Annotated[str, Path(description="Its name.")]
_PLACE = rf"[0-9TZ:.-]{{27}} {NAME_PATTERN.strip('^$')}"
"""What a cursor holds: when an alias moved, and its name."""

_EXAMPLE = {"model_id": "mdl_01j9zq3v5k8m2n4p6r8t0w2y4a"}


@router.get("", responses=problems(422))
def aliases_list(parts: Parts, pages: Pages) -> ListBody[AliasBody]:
    """Every alias, the one that moved last first; `latest` is always there and is not listed."""
    with parts.database.reading() as connection:
        page = store.page(connection, pages.after(_PLACE), pages.limit)
    return listed([AliasBody.of(alias) for alias in page.records], page.next_id)


@router.get("/{alias}", response_model=AliasBody, responses=versioned(404))
def aliases_read(alias: AnyAlias, request: Request, parts: Parts) -> Response:
    """One alias, with the models that it named before."""
    with parts.database.reading() as connection:
        return tagged(request, AliasBody.of(service.find_alias(connection, alias)))


@router.put(
    "/{alias}",
    response_model=AliasBody,
    responses={
        200: {"headers": headers("ETag")},
        **problems(400, 409, 412, 413, 415, 422, 507),
    },
)
def aliases_point(
    alias: AliasName,
    body: Annotated[AliasRequest, Body(examples=[_EXAMPLE])],
    request: Request,
    parts: Parts,
) -> Response:
    """Point an alias at a model, where it does not exist make it; `If-Match` is respected."""
    service.check_alias_name(alias, ("path", "alias"))
    with parts.database.writing() as connection:
        before = store.hold(connection, alias)
        require_match(request, None if before is None else AliasBody.of(before))
        after = AliasBody.of(service.point_alias(connection, alias, body.model_id))
    parts.registry.refresh()
    return changed(after)


@router.delete("/{alias}", status_code=204, responses=problems(404, 412, 422))
def aliases_delete(alias: AnyAlias, request: Request, parts: Parts) -> None:
    """Remove an alias; the model stays."""
    if alias == LATEST:
        service.check_alias_name(alias, ("path", "alias"))
    with parts.database.writing() as connection:
        before = store.hold(connection, alias)
        if before is None:
            raise NotFound("alias", alias)
        require_match(request, AliasBody.of(before))
        store.delete(connection, alias)
    parts.registry.refresh()
