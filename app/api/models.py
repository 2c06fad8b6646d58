"""Models: what jobs leave."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response

from app.api.declared import headers, problems, versioned
from app.api.dependencies import LongWork, Parts, Services
from app.api.evaluations import comparison_body, evaluation_body
from app.api.loading import ModelName, load
from app.api.media import BYTES
from app.api.responses import Pages, listed, tagged, tagged_bytes
from app.api.schemas.common import ListBody
from app.api.schemas.models import (
    ComparisonBody,
    EvaluationBody,
    EvaluationRequest,
    ModelBody,
)
from app.api.strict_json import StrictRoute
from app.domain import ids
from app.domain.datasets import Split
from app.services import models as service
from app.services.serving import LoadedModel
from app.store import models as store
from app.store.chunks import Examples
from app.vision import render

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)


@router.get("", responses=problems(422))
def models_list(parts: Parts, pages: Pages) -> ListBody[ModelBody]:
    """The models, newest first."""
    with parts.database.reading() as connection:
        page = store.page(connection, pages.after(ids.pattern("mdl")), pages.limit)
    parts.registry.learn(model.id for model in page.records)
    return listed([ModelBody.of(model) for model in page.records], page.next_id)


@router.get(
    "/compare",
    response_model=ComparisonBody,
    responses=problems(404, 422),
    dependencies=[LongWork],
)
def models_compare(
    parts: Parts,
    a: Annotated[str, Query(description="A model, by its id or an alias.")],
    b: Annotated[str, Query(description="The other.")],
    dataset: Annotated[str, Query(description="The dataset.", max_length=64)] = "mnist",
    split: Annotated[Split, Query(description="Which part of it.")] = "test",
) -> Response:
    """Two models on the same samples, with McNemar's test of their difference."""
    one, other = (load(parts, name) for name in (a, b))
    comparison = service.compare(one, other, _examples(parts, dataset, split, one, other))
    content = comparison_body(comparison, one.model.id, other.model.id)
    return Response(content, media_type="application/json")


@router.get("/{model}", response_model=ModelBody, responses=versioned(404))
def models_read(model: ModelName, request: Request, parts: Parts) -> Response:
    """One model, by its id or by an alias."""
    model_id = parts.registry.resolve(model)
    with parts.database.reading() as connection:
        return tagged(request, ModelBody.of(service.find(connection, model_id)))


@router.delete("/{model}", status_code=204, responses=problems(404, 409))
def models_delete(model: ModelName, parts: Parts) -> None:
    """Remove a model that no alias points at."""
    with parts.database.writing() as connection:
        service.delete(connection, model)
    parts.registry.refresh()


@router.post(
    "/{model}/evaluate",
    response_model=EvaluationBody,
    responses=problems(400, 404, 413, 415, 422),
    dependencies=[LongWork],
)
def models_evaluate(
    model: ModelName,
    parts: Parts,
    body: Annotated[EvaluationRequest, Body(examples=[{"dataset": "mnist", "split": "test"}])],
) -> Response:
    """Read every sample of a dataset's split and compare with its label."""
    loaded = load(parts, model)
    evaluation = service.evaluate(loaded, _examples(parts, body.dataset, body.split, loaded))
    content = evaluation_body(evaluation, loaded.model.classes)
    return Response(content, media_type="application/json")


@router.get(
    "/{model}/filters",
    response_class=Response,
    responses={
        **versioned(404, 409),
        200: {"content": {"image/png": BYTES}, "headers": headers("ETag")},
    },
)
def models_filters(model: ModelName, request: Request, parts: Parts) -> Response:
    """What the units of the first layer look for, as one picture."""
    loaded = load(parts, model)
    return tagged_bytes(request, render.png(service.filters(loaded)), "image/png")


def _examples(parts: Services, name: str, split: Split, *models: LoadedModel) -> Examples:
    """The samples of a dataset that fits some models."""
    with parts.database.reading() as connection:
        dataset = service.fitting(connection, name, split, *models)
    return parts.examples.read(dataset, split)
