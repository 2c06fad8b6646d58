"""Train a network, follow it, and have a digit read: against a service that runs."""

import sys

from app.client import Client

client = Client(*sys.argv[1:])  # http://127.0.0.1:8000, where nothing else is said
job = client.jobs.create(preset="mlp", epochs=3, name="quick start")
for event in job.events():
    if event.event == "epoch":
        print(f"epoch {event.data['epoch']}: reads {event.data['val_accuracy']:.2%}")
model = job.wait().model()
seven = client.datasets.sample(0)  # a test digit as a PNG; a path, an array, strokes will do too
print(f"{model.predict(seven).label}, read by {model.id}")
