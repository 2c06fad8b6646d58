"""A database that cannot be used keeps the service from starting."""

from pathlib import Path

import pytest

from tests.e2e.test_processes import refused

NOWHERE = ("--port", "0", "--trainers", "0", "--data-dir")


@pytest.mark.parametrize("url", ["nonsense", "nosuch://host/name"])
def test_a_database_url_that_makes_no_sense_is_said_in_one_line(tmp_path: Path, url: str) -> None:
    line = refused(*NOWHERE, str(tmp_path), MNISTRY_DATABASE_URL=url)

    assert "MNISTRY_DATABASE_URL" in line


def test_a_file_that_is_no_database_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "mnistry.db").write_bytes(b"not a database" * 1000)

    line = refused(*NOWHERE, str(tmp_path))

    assert "not a database" in line
