"""The welcome: train a first model over the public API, and show it reading a digit."""

import sys
import time

import httpx

READY_SECONDS = 60.0
PRESET = "mlp"
EPOCHS = 3
SAMPLE = 0
"""The test digit that is read, a seven."""


def welcome(url: str, key: str | None) -> None:
    """Print where the page is, how well the newest model reads, and what it reads."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=90) as client:
        _wait_until_ready(client)
        if client.get("/v1/models").status_code == httpx.codes.UNAUTHORIZED:
            _say(
                "A key is asked for, and MNISTRY_API_KEYS has no trainer's to train a first model."
            )
            _say(f"The page asks for one, too: {url}/   Ctrl-C stops.")
            return
        if not client.get("/v1/models", params={"limit": 1}).raise_for_status().json()["data"]:
            _say(f"No model yet: training a first one ({PRESET}, {EPOCHS} epochs of MNIST) ...")
            _train(client)
        model = client.get("/v1/models/latest").raise_for_status().json()
        accuracy = model["metrics"]["test_accuracy"]
        if accuracy is not None:
            _say(f"Test accuracy: {accuracy:.2%} of 10,000 digits (model {model['id']})")
        _read_a_digit(client)
    _say(f"Draw your own: {url}/   API: {url}/docs   Ctrl-C stops.")


def _wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            _say("The service did not become ready.")
            raise SystemExit(1)
        time.sleep(0.05)


def _train(client: httpx.Client) -> None:
    body = {"preset": PRESET, "epochs": EPOCHS, "name": "first model"}
    job = client.post("/v1/jobs", json=body).raise_for_status().json()
    shown = 0
    while job["finished_at"] is None:
        response = client.get(f"/v1/jobs/{job['id']}", params={"wait": 30})
        job = response.raise_for_status().json()
        for epoch in job["history"][shown:]:
            _say(f"  epoch {epoch['epoch']}: validation accuracy {epoch['val_accuracy']:.2%}")
        shown = len(job["history"])
    if job["status"] != "succeeded":
        _say(f"The first job has {job['status']}: {job['error']}")
        raise SystemExit(1)


def _read_a_digit(client: httpx.Client) -> None:
    sample = client.get(f"/v1/datasets/mnist/samples/{SAMPLE}", params={"split": "test"})
    sample.raise_for_status()
    headers = {"Content-Type": "image/png"}
    response = client.post("/v1/predict", content=sample.content, headers=headers)
    prediction = response.raise_for_status().json()["predictions"][0]
    if prediction["label"] is not None:
        _say(
            f"It reads test digit {SAMPLE}, a {sample.headers['X-Label']}, as "
            f"{prediction['label']} with confidence {prediction['confidence']:.1%}"
        )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
