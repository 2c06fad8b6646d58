"""What a job's end says: the receipt of its weights, or why there are none and what to try next."""

from typing import Any

from app.domain.datasets import Dataset
from app.domain.jobs import INTERNAL_FIELDS
from app.domain.optimizers import OPTIMIZERS
from app.domain.records import Job, Json
from app.store import blobs, datasets, jobs
from app.store.database import Connection

MODEL_GONE: Json = {
    "code": "model_gone",
    "title": "The model to begin from is gone",
    "detail": "the model that init_from names was deleted before the job began, or is damaged",
    "suggestion": None,
}


class DatasetGone(Exception):
    """What a job learns is not there, or not what it was; the text says why."""


def dataset_gone(job: Job, reason: str) -> Json:
    """The error of a job whose dataset cannot be read."""
    return {
        "code": "dataset_gone",
        "title": "The dataset is gone or damaged",
        "detail": f"dataset {job.config['dataset']!r} cannot be read: {reason}; put back what is "
        "missing and start the job again, or choose a dataset that /v1/datasets lists",
        "suggestion": None,
    }


def dataset_of(connection: Connection, job: Job) -> Dataset:
    """What a job learns, in the version that it was submitted with.

    Raises:
        DatasetGone: It is not there any more.
    """
    dataset = datasets.of_job(connection, job.config)
    if dataset is None:
        raise DatasetGone("there is no such version of a dataset of this name any more")
    return dataset


def process_died(job: Job) -> Json:
    """The error of a job whose process died too often."""
    return {
        "code": "process_died",
        "title": "The training process died again and again",
        "detail": f"the process that trains this job died {job.crashes} times without getting "
        "any further; most often it needs more memory than there is",
        "suggestion": suggestion(job, "out_of_memory"),
    }


def identical(connection: Connection, job: Job, sha256: str) -> bool | None:
    """Whether a replay has left the weights of the job that it trained again."""
    original = jobs.get(connection, job.config.get("replay_of") or "")
    if original is None or original.receipt is None:
        return None
    return bool(original.receipt["weights_sha256"] == sha256)


def receipt(job: Job, dataset: Dataset, sha256: str, of_run: Json, identical: bool | None) -> Json:
    """What decided the weights, so that they can be trained again."""
    return {
        "seed": job.config["seed"],
        "definition_sha256": blobs.sha256_of_json(job.definition),
        "dataset": dataset.name,
        "dataset_version": dataset.version,
        "dataset_sha256": dataset.sha256,
        **of_run,
        "weights_sha256": sha256,
        "identical": identical,
    }


def suggestion(job: Job, code: str) -> Json | None:
    """A request that is likely to work where this one failed; None where none is known."""
    left_out = ("seed", *INTERNAL_FIELDS)
    config: dict[str, Any] = {k: v for k, v in job.config.items() if k not in left_out}
    optimizer = config["optimizer"]
    if code == "diverged":
        usual = OPTIMIZERS[optimizer["type"]].model_fields["learning_rate"].default
        rate = min(optimizer["learning_rate"] / 10, 10 * usual)
        config["optimizer"] = {**optimizer, "learning_rate": rate, "clip_norm": 1.0}
    elif code == "out_of_memory":
        config["batch_size"] = max(1, config["batch_size"] // 4)
    else:
        return None
    for field in ("network_id", "preset"):
        value = getattr(job, field)
        if value is not None:
            return {field: value, **config}
    return {"network": job.definition, **config}
