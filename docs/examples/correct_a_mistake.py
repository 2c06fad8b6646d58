"""A model misreads a digit: tell it so, train it further, and serve the new one if it is better."""

import sys
from typing import Any

import httpx

api = httpx.Client(base_url=sys.argv[1] if sys.argv[1:] else "http://127.0.0.1:8000", timeout=90)


def ask(method: str, path: str, **body: Any) -> httpx.Response:
    return api.request(method, f"/v1/{path}", **body).raise_for_status()


def train(**body: Any) -> str:
    job = ask("POST", "jobs", json={"preset": "mlp", "epochs": 1, "seed": 1, **body}).json()
    while job["finished_at"] is None:
        job = ask("GET", f"jobs/{job['id']}", params={"wait": 30}).json()
    return str(job["model_id"])


old = train()
ask("PUT", "aliases/digits", json={"model_id": old})
worst = ask("POST", f"models/{old}/evaluate", json={}).json()["worst"][0]
image = ask("GET", f"datasets/mnist/samples/{worst['index']}?split=test").content
print(f"digits reads a {worst['predicted']}; wrong, it is a {worst['label']}")

ask("POST", "datasets", json={"name": "corrected", "from": "mnist"})  # shares MNIST's samples
sample = {"files": {"file": image}, "data": {"label": worst["label"]}}
# One of the 10,000 test digits is trained on from here; the dataset's `warnings` say so too.
print("added as", ask("POST", "datasets/corrected/samples", **sample).json())

new = train(dataset="corrected", init_from="digits")
figures = ask("GET", f"models/compare?a={old}&b={new}").json()
print(f"{figures['a']['accuracy']:.2%} before, {figures['b']['accuracy']:.2%} now")
if figures["only_b_right"] > figures["only_a_right"]:
    ask("PUT", "aliases/digits", json={"model_id": new})
    print("digits is the new model; p =", round(figures["p_value"], 4))
