"""What the documentation shows is run as it is shown."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs/examples/correct_a_mistake.py"


def test_a_mistake_is_corrected_and_the_better_model_is_served(start_server: StartServer) -> None:
    server = start_server()

    run = subprocess.run(
        [sys.executable, EXAMPLE, server.url],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert run.returncode == 0, run.stderr
    assert "wrong, it is a" in run.stdout
    with httpx.Client(base_url=server.url, timeout=60) as client:
        corrected = client.get("/v1/datasets/corrected").json()
        assert (corrected["version"], corrected["train_samples"]) == (2, 60_001)
        newest, old = client.get("/v1/models").json()["data"]
        assert newest["dataset"] == "corrected"
        serving = client.get("/v1/aliases/digits").json()["model_id"]
        params = {"a": old["id"], "b": newest["id"]}
        figures = client.get("/v1/models/compare", params=params).json()
        better = figures["only_b_right"] > figures["only_a_right"]
        assert serving == (newest if better else old)["id"]
        assert ("digits is the new model" in run.stdout) == better


@pytest.mark.parametrize(
    ("name", "first"), [("quick_start", "job"), ("correct_a_mistake", "worst")]
)
def test_the_readme_shows_the_steps_of_the_examples(name: str, first: str) -> None:
    program = (ROOT / f"docs/examples/{name}.py").read_text()

    assert program[program.index(f"{first} = ") :] in (ROOT / "README.md").read_text()
