"""What Triton's clients can ask for and is not done here: said in words, and not advertised."""

from fastapi import APIRouter, HTTPException

router = APIRouter(prefix="/v2", include_in_schema=False)


@router.api_route("/systemsharedmemory/{rest:path}", methods=["GET", "POST"])
@router.api_route("/cudasharedmemory/{rest:path}", methods=["GET", "POST"])
async def v2_shared_memory() -> None:
    """Memory that client and server share."""
    raise HTTPException(501, "shared memory is not supported; send tensors in the body")


@router.api_route("/logging", methods=["GET", "POST"])
async def v2_logging() -> None:
    """The settings of the log."""
    raise HTTPException(501, "the log is not configured here, but by MNISTRY_LOG_LEVEL")


@router.api_route("/trace/setting", methods=["GET", "POST"])
@router.api_route("/models/{model}/trace/setting", methods=["GET", "POST"])
async def v2_trace() -> None:
    """The settings of traces."""
    raise HTTPException(501, "traces are not supported; /metrics and the statistics have figures")
