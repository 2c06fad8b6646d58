"""A model misreads a digit: tell it so, train it further, and serve the new one if it is better."""

import sys

from app.client import Client

client = Client(*sys.argv[1:])  # http://127.0.0.1:8000, where nothing else is said
old = client.jobs.create(preset="mlp", epochs=1, alias="digits").wait().model()
worst = old.evaluate().worst[0]
print(f"digits reads a {worst.predicted}; wrong, it is a {worst.label}")

client.datasets.create("corrected", copy_of="mnist")  # shares MNIST's samples
image = client.datasets.sample(worst.index)  # a test digit: from here on it is trained on, too
client.datasets.add_sample("corrected", image, worst.label)

job = client.jobs.create(preset="mlp", epochs=1, dataset="corrected", init_from="digits")
new = job.wait().model()
verdict = client.models.compare(old.id, new.id)
print(f"{verdict.a.accuracy:.2%} before, {verdict.b.accuracy:.2%} now")
if verdict.only_b_right > verdict.only_a_right:
    client.aliases.point("digits", new.id)
    print(f"digits is the new model; p = {verdict.p_value:.4f}")
