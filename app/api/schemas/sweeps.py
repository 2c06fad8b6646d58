"""Bodies of sweeps."""

from pydantic import Field

from app.api.schemas.common import Body, JsonObject, Time
from app.domain.jobs import JobStatus
from app.domain.records import Sweep
from app.domain.sweeps import MedianStopping
from app.services import sweeps as service
from app.services.sweeps import Trial


class TrialBody(Body):
    """One job of a sweep."""

    rank: int | None = Field(description="Its place, from 1; null where there is no figure yet.")
    job_id: str = Field(description="The job.")
    status: JobStatus = Field(description="Where it stands.")
    parameters: JsonObject = Field(description="What differs from the other trials.")
    value: float | None = Field(description="The best figure of its epochs.")


class SweepBody(Body):
    """Jobs that were started together."""

    id: str = Field(description="Its id.", examples=["swp_01j9zq3v5k8m2n4p6r8t0w2y4a"])
    created_at: Time
    status: str = Field(description="queued, running, succeeded, failed or cancelled.")
    metric: str = Field(description="What ranks the trials.")
    median_stopping: MedianStopping | None = Field(
        description="When a trial that falls behind the others is stopped; null: never."
    )
    trials: list[TrialBody] = Field(description="The trials, the best first.")

    @classmethod
    def of(cls, sweep: Sweep, trials: list[Trial]) -> "SweepBody":
        rule = sweep.median_stopping
        return cls(
            id=sweep.id,
            created_at=sweep.created_at,
            status=service.status(trials),
            metric=sweep.metric,
            median_stopping=rule and MedianStopping.model_validate(rule),
            trials=[
                TrialBody(
                    rank=trial.rank,
                    job_id=trial.job.id,
                    status=trial.job.status,
                    parameters=trial.parameters,
                    value=trial.value,
                )
                for trial in trials
            ],
        )
