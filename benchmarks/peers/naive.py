"""FastAPI as its tutorial has it, with models in and out: python naive.py <port> <weights>."""

import sys

import numpy as np
import uvicorn
from fastapi import FastAPI
from mlp import Mlp
from pydantic import BaseModel

app = FastAPI()
mlp = Mlp(sys.argv[2])


class Digits(BaseModel):
    instances: list[list[float]]


class Reading(BaseModel):
    label: str
    probabilities: list[float]


class Readings(BaseModel):
    predictions: list[Reading]


@app.post("/predict")
def predict(digits: Digits) -> Readings:
    outputs = mlp(np.array(digits.instances, np.float32))
    return Readings(
        predictions=[
            Reading(label=str(output.argmax()), probabilities=output.tolist()) for output in outputs
        ]
    )


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning")
