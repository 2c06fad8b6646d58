"""The server itself: whether it lives, whether it can infer, and what it can."""

import json

from fastapi import APIRouter, Response

import engine
from app.api.dependencies import Parts
from app.api.health import storage_checks
from app.api.schemas.inference_v2 import HealthBody, ServerBody
from app.api.v2.described import failures

EXTENSIONS = [
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "parameters",
    "schedule_policy",
    "statistics",
]
"""What is done here, by the names that Triton has for it."""

router = APIRouter(prefix="/v2", tags=["inference protocol v2"])


@router.get("/", include_in_schema=False)
@router.get("", responses=failures())
async def v2_server() -> ServerBody:
    """What this server is."""
    return ServerBody(name="mnistry", version=engine.__version__, extensions=EXTENSIONS)


@router.get("/health/live", responses=failures())
async def v2_live() -> HealthBody:
    """The process answers; whether it can infer is asked elsewhere."""
    return HealthBody(live=True, ready=True)


@router.get("/health/ready", response_model=HealthBody, responses=failures())
def v2_ready(parts: Parts) -> Response:
    """Models can be read and asked; trainers are not needed for that."""
    missing = [name for name, there in storage_checks(parts).items() if not there]
    body = {"live": True, "ready": not missing}
    if missing:
        body["error"] = f"not ready: {', '.join(missing)}"  # type: ignore[assignment]
    headers = {"Retry-After": "1"} if missing else None
    return Response(json.dumps(body), 503 if missing else 200, headers, "application/json")
