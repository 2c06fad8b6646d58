"""Datasets: what there is to learn from."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.responses import Pages, listed, problems, tagged, tagged_bytes, versioned
from app.api.schemas.common import ListBody
from app.api.schemas.datasets import DatasetBody, SampleBody
from app.api.strict_json import StrictRoute
from app.domain import ids
from app.domain.errors import InvalidInput, NotFound
from app.store import datasets as store
from app.store.datasets import Dataset, Split
from app.vision import render

router = APIRouter(prefix="/v1/datasets", tags=["datasets"], route_class=StrictRoute)

AnySplit = Annotated[Split, Query(description="Which part of the dataset.")]


@router.get("", responses=problems(422))
def datasets_list(pages: Pages) -> ListBody[DatasetBody]:
    """Every dataset."""
    after = pages.after(ids.NAME_PATTERN)
    known = [dataset for dataset in store.all_of_them() if after is None or dataset.name > after]
    page = known[: pages.limit]
    bodies = [DatasetBody.of(dataset) for dataset in page]
    return listed(bodies, page[-1].name if len(known) > len(page) else None)


@router.get("/{name}", response_model=DatasetBody, responses=versioned(404))
def datasets_read(name: str, request: Request) -> Response:
    """One dataset."""
    return tagged(request, DatasetBody.of(_find(name)))


@router.get("/{name}/samples", responses=problems(404, 422))
def datasets_samples(
    name: str,
    split: AnySplit = "train",
    label: Annotated[str | None, Query(description="Only those of this class.")] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Items a page.")] = 20,
    cursor: Annotated[
        str | None, Query(pattern="^[0-9]{1,9}$", description="`next_cursor` of the page before.")
    ] = None,
) -> ListBody[SampleBody]:
    """The samples of a split, in their order."""
    dataset = _find(name)
    labels = store.read(name, split).labels
    if label is not None and label not in dataset.classes:
        known = ", ".join(dataset.classes)
        raise InvalidInput.at(("query", "label"), f"unknown label, known are {known}", "label")
    first = 0 if cursor is None else int(cursor)
    wanted = None if label is None else dataset.classes.index(label)
    found = [i for i in range(first, len(labels)) if wanted is None or labels[i] == wanted][
        : limit + 1
    ]
    items = [
        SampleBody(index=i, split=split, label=dataset.classes[labels[i]]) for i in found[:limit]
    ]
    return ListBody(data=items, next_cursor=str(found[limit]) if len(found) > limit else None)


@router.get(
    "/{name}/samples/{index}",
    response_class=Response,
    responses={
        200: {
            "description": "The sample as a grey image; its class is in the header X-Label.",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        },
        **versioned(404, 422),
    },
)
def datasets_sample(name: str, index: int, request: Request, split: AnySplit = "train") -> Response:
    """One sample as an image."""
    dataset = _find(name)
    examples = store.read(name, split)
    if not 0 <= index < len(examples.labels):
        raise NotFound(f"sample of {name}'s {split} split with index", str(index))
    content = render.png(examples.images[index, 0].astype("float32") / 255)
    headers = {"X-Label": dataset.classes[examples.labels[index]]}
    return tagged_bytes(request, content, "image/png", headers)


def _find(name: str) -> Dataset:
    dataset = store.get(name)
    if dataset is None:
        raise NotFound("dataset", name)
    return dataset
