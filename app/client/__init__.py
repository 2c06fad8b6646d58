"""The service from Python: `Client`, and `AsyncClient` for asyncio.

It speaks HTTP only and knows nothing of the service's own code. `calls.py` is where to begin: what
is asked and what is tried again is written once, as conversations without a connection, in a file
for each kind of thing; `blocking/` and `asynchronous/` are two thin shells that hold them.
"""

from app.client.asynchronous.client import AsyncClient
from app.client.asynchronous.objects import AsyncJob, AsyncModel, AsyncSweep
from app.client.blocking.client import Client
from app.client.blocking.objects import Job, Model, Sweep
from app.client.datasets import Dataset, Sample
from app.client.errors import (
    ApiError,
    ClientError,
    Conflict,
    Forbidden,
    InvalidRequest,
    JobFailed,
    Mistake,
    NotFound,
    NotUnderstood,
    Overloaded,
    PreconditionFailed,
    TookTooLong,
    Unauthorized,
    Unreachable,
)
from app.client.events import Event
from app.client.inputs import Input, Strokes
from app.client.jobs import JobOptions, Plan
from app.client.models import Alias, Comparison, Evaluation
from app.client.networks import Gradcheck, Network, NetworkSummary
from app.client.predictions import Prediction

__all__ = [
    "Alias",
    "ApiError",
    "AsyncClient",
    "AsyncJob",
    "AsyncModel",
    "AsyncSweep",
    "Client",
    "ClientError",
    "Comparison",
    "Conflict",
    "Dataset",
    "Evaluation",
    "Event",
    "Forbidden",
    "Gradcheck",
    "Input",
    "InvalidRequest",
    "Job",
    "JobFailed",
    "JobOptions",
    "Mistake",
    "Model",
    "Network",
    "NetworkSummary",
    "NotFound",
    "NotUnderstood",
    "Overloaded",
    "Plan",
    "PreconditionFailed",
    "Prediction",
    "Sample",
    "Strokes",
    "Sweep",
    "TookTooLong",
    "Unauthorized",
    "Unreachable",
]
