"""Some of `make contract`: a few requests of each operation, the same ones every time."""

from pathlib import Path

from tests.contract import fuzz


def test_answers_to_requests_of_the_document_are_what_it_says(tmp_path: Path) -> None:
    result = fuzz.run(
        tmp_path,
        *("--phases", "fuzzing", "--max-examples", "5", "--seed", "1"),
        "--generation-deterministic",
    )

    assert result.returncode == 0, result.stdout
    assert fuzz.cases(result.stdout) > 200
