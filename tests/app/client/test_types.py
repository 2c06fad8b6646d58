"""Programs that use the client are checked by mypy as strictly as it can."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import numpy as np
from app.client import AsyncClient, Client, Prediction, Strokes

with Client("http://127.0.0.1:8000", key="secret") as client:
    job = client.jobs.create(preset="lenet5", epochs=3, optimizer={"type": "adam"}).wait()
    model = job.model()
    one: Prediction = model.predict("seven.png")
    more: list[Prediction] = model.predict([np.zeros((28, 28)), b"", Strokes([[(1, 2)]])])
    tags: list[str] = [tag for job in client.jobs.list() for tag in job.tags]
    for event in job.events():
        number: int = event.id


async def main() -> None:
    async with AsyncClient() as client:
        job = await client.jobs.create(preset="mlp")
        async for event in job.events():
            print(event.data)
        read: list[Prediction] = await (await job.model()).predict(["a.png", "b.png"])
        print(read[0].label)
        familiar: float | None = read[0].is_digit
        print(familiar)
"""


def check(*programs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", *map(str, programs)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )


def test_a_program_and_the_examples_of_the_documentation_pass(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    examples = sorted((ROOT / "docs/examples").glob("*.py"))
    assert len(examples) >= 2

    result = check(program, *examples)

    assert result.returncode == 0, result.stdout


def test_what_is_misspelt_is_found(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("epochs=3", "epoch=3").replace(".label", ".lable"))

    result = check(program)

    assert '"epoch"' in result.stdout
    assert '"lable"' in result.stdout
