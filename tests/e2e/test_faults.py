"""Faults: processes are killed at named points and at random; fsck and the clients are the judge.

`make chaos` does the same for longer, and more of it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import scenarios
from tests.chaos.points import SOME
from tests.chaos.scenarios import Service
from tests.cluster import Cluster
from tests.object_storage import S3
from tests.postgresql import PostgreSQL


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    places = {}
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        s3: S3 = request.getfixturevalue("s3")
        places = {
            "MNISTRY_DATABASE_URL": server.new_database(),
            "MNISTRY_ARTIFACTS_URL": f"s3://{s3.new_bucket()}",
            **s3.environment,
        }
    cluster = Cluster(tmp_path, places)
    try:
        yield Service.start(cluster)
    finally:
        cluster.stop()


def test_a_job_comes_to_the_same_wherever_a_process_is_killed(service: Service) -> None:
    assert scenarios.kill_at(service, SOME) == []


def test_processes_that_are_killed_at_random_lose_no_job(service: Service) -> None:
    storm = scenarios.kill_at_random(service, kills=8, seed=1)

    assert storm.wrong == []
    assert storm.same_weights + storm.gave_up == storm.jobs
    assert storm.seconds_to_end < 60
    assert set(storm.statuses) <= {200, 202, 429, 503}
