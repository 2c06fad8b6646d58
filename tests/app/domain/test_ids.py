"""Ids: of one form, ordered by the time they were made."""

import time

from app.domain import ids


def test_ids_have_the_form_that_is_promised() -> None:
    made = {ids.new_id("job") for _ in range(1000)}

    assert len(made) == 1000
    assert all(ids.is_id(one) and one.startswith("job_") for one in made)


def test_a_later_id_sorts_behind_an_earlier() -> None:
    first = ids.new_id("net")
    time.sleep(0.002)

    assert first < ids.new_id("net")


def test_what_is_no_id_is_told_apart() -> None:
    assert not any(ids.is_id(text) for text in ("", "job_", "latest", "job_" + "u" * 26))
