"""Trains a network and has a digit read, by the client that was generated from the document."""

import base64
import sys

from mnistry_generated import Client
from mnistry_generated.api.datasets import samples_read
from mnistry_generated.api.jobs import jobs_create, jobs_read
from mnistry_generated.api.predict import models_predict
from mnistry_generated.models import (
    EncodedImage,
    JobBody,
    JobRequest,
    PredictRequest,
    SamplesReadSplit,
)

client = Client(sys.argv[1], timeout=60, raise_on_unexpected_status=True)
asked = JobRequest(preset="linear", epochs=1, train_samples=5000, seed=1)
job = jobs_create.sync(client=client, body=asked)
while isinstance(job, JobBody) and job.finished_at is None:
    job = jobs_read.sync(job.id, client=client, wait=30)
image = samples_read.sync_detailed("mnist", 0, client=client, split=SamplesReadSplit.TEST).content
body = PredictRequest([EncodedImage(base64.b64encode(image).decode())])
read = models_predict.sync(job.model_id, client=client, body=body)
print(job.status, read.predictions[0].label)
