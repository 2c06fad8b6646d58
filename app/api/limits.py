"""What the service takes at most; all of it is settings."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.api.declared import versioned
from app.api.responses import tagged
from app.api.schemas.common import Body


class LimitsBody(Body):
    """The largest of everything."""

    json_bytes: int = Field(description="The largest JSON body.")
    predict_bytes: int = Field(description="The largest body of a prediction, or of a sample.")
    upload_bytes: int = Field(description="The largest upload.")
    image_pixels: int = Field(description="The largest image.")
    dataset_bytes: int = Field(
        description="The largest split of a dataset, unpacked, a byte a number."
    )
    dataset_samples: int = Field(description="Samples of a split.")
    dataset_classes: int = Field(description="Classes of a dataset.")
    imports: int = Field(description="Uploads that one process reads at a time.")
    import_seconds: int = Field(description="Seconds that reading an upload may take.")
    import_memory_bytes: int = Field(description="Memory that reading an upload may take.")
    parameters: int = Field(description="The largest network, in trained numbers.")
    activations: int = Field(description="The largest network, in numbers that layers give.")
    macs: int = Field(description="The largest network, in multiply-adds a sample.")
    queued_jobs: int = Field(description="Jobs that may wait.")
    job_memory_bytes: int = Field(description="Memory that training one job may take.")
    job_seconds: int = Field(description="Seconds that one job may train.")
    storage_bytes: int = Field(description="All that is stored, together.")
    networks: int = Field(description="Networks that are kept.")
    models: int = Field(description="Models that are kept.")
    datasets: int = Field(description="Datasets that are kept.")
    jobs: int = Field(description="Jobs that are kept, those that have ended included.")
    streams: int = Field(description="Event streams of one process.")
    streams_per_client: int = Field(description="Event streams of one client.")


def routes(limits: LimitsBody) -> APIRouter:
    """The route that shows these limits."""
    router = APIRouter(prefix="/v1", tags=["service"])

    @router.get("/limits", response_model=LimitsBody, responses=versioned())
    def limits_read(request: Request) -> Response:
        """What the service takes at most."""
        return tagged(request, limits)

    return router
