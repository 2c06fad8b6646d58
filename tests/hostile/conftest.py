"""A service for all hostile tests that leave it as it was."""

from collections.abc import Iterator

import pytest

from tests.hostile.service import Target, target


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with target(tmp_path_factory.mktemp("hostile") / "service") as found:
        yield found


@pytest.fixture(scope="session")
def service_that_trains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with target(tmp_path_factory.mktemp("hostile") / "trains", trainers=1) as found:
        yield found
