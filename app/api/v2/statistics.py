"""What models were asked, in the form of Triton's statistics; every figure is an integer."""

from typing import Any

from fastapi import APIRouter

from app.api.dependencies import Parts
from app.api.loading import ModelName
from app.api.schemas.common import JsonObject
from app.api.v2.described import failures
from app.api.v2.models import VersionName
from app.services.registry import ONLY
from app.services.statistics import Figures, Taken

router = APIRouter(prefix="/v2/models", tags=["inference protocol v2"])


@router.get("/stats", responses=failures())
def v2_statistics(parts: Parts) -> JsonObject:
    """What every model was asked."""
    figures = parts.statistics.figures()
    names = parts.registry.names.models
    return {"model_stats": [_stats(one, ONLY, figures.get(one)) for one in names]}


@router.get("/{model}/stats", responses=failures(404))
def v2_model_statistics(model: ModelName, parts: Parts) -> JsonObject:
    """What one model was asked."""
    version = parts.registry.version(model)
    figures = parts.statistics.figures().get(version.model_id)
    return {"model_stats": [_stats(model, version.number, figures)]}


@router.get("/{model}/versions/{version}/stats", responses=failures(404))
def v2_model_statistics_version(model: ModelName, version: VersionName, parts: Parts) -> JsonObject:
    """What one version of a model was asked."""
    found = parts.registry.version(model, version)
    figures = parts.statistics.figures().get(found.model_id)
    return {"model_stats": [_stats(model, found.number, figures)]}


def _stats(name: str, version: str, found: Figures | None) -> dict[str, Any]:
    figures = found or Figures()
    none = _duration(Taken())
    return {
        "name": name,
        "version": version,
        "last_inference": int(figures.last_at * 1000),
        "inference_count": figures.rows,
        "execution_count": figures.compute_infer.count,
        "inference_stats": {
            "success": _duration(figures.succeeded),
            "fail": _duration(figures.failed),
            "queue": _duration(figures.queue),
            "compute_input": _duration(figures.compute_input),
            "compute_infer": _duration(figures.compute_infer),
            "compute_output": _duration(figures.compute_output),
            "cache_hit": none,
            "cache_miss": none,
        },
        "batch_stats": [],
        "response_stats": {},
        "memory_usage": [],
    }


def _duration(taken: Taken) -> dict[str, int]:
    return {"count": taken.count, "ns": round(taken.seconds * 1e9)}
