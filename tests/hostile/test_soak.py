"""Good and bad requests for some seconds; `make fuzz` goes on for half an hour."""

from tests.hostile import soak
from tests.hostile.service import Target


def test_nothing_is_left_of_good_and_bad_requests(service: Target) -> None:
    before = service.footprint()

    seen = soak.soak(service, seconds=6)

    assert not seen.wrong
    assert seen.sent > 100
    after = service.settled(before)
    assert after.descriptors <= before.descriptors + 2
    assert not service.temporary_files()
