"""Some sequences of what can be done to jobs and aliases; `make fuzz` runs hundreds."""

import httpx
import pytest

from tests.hostile import machines
from tests.hostile.service import Target


@pytest.mark.parametrize("kind", [machines.Aliases, machines.Jobs])
def test_no_order_of_requests_leads_where_it_should_not(
    service_that_trains: Target, kind: type[machines.Machine]
) -> None:
    with httpx.Client(base_url=service_that_trains.part.url, timeout=60) as client:
        machines.Aliases.models = machines.three_models(client)

        assert machines.drive(kind, client, sequences=8, steps=12) >= 8
