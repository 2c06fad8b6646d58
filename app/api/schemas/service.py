"""Bodies of the service itself."""

from typing import Literal

from pydantic import Field

from app.api.schemas.common import Body


class AliveBody(Body):
    """The process answers."""

    ok: Literal[True] = Field(description="It does.")


class PingBody(Body):
    """The same, as SageMaker and MLflow have it."""

    status: Literal["Healthy"] = Field(description="It does.")


class ReadyBody(Body):
    """Whether everything is there that the service needs."""

    ready: bool = Field(description="All of it is.")
    checks: dict[Literal["database", "artifacts", "trainers"], bool] = Field(
        description="Whether each part is."
    )
